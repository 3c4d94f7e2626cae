package peer

import (
	"net/netip"
	"slices"
)

// House counts the connections of a door, and knows whose place a newcomer may
// take when all places are taken. Its methods must not run at the same time.
type House[C comparable] struct {
	guests    map[C]guest
	networks  map[netip.Prefix]int // open connections
	strangers map[netip.Prefix][]C // those before login by site, the oldest first
}

type guest struct {
	network netip.Prefix
	known   bool // logged in
}

// Enter counts a connection in, as a stranger.
func (h *House[C]) Enter(c C, network netip.Prefix) {
	if h.guests == nil {
		h.guests = make(map[C]guest)
		h.networks = make(map[netip.Prefix]int)
		h.strangers = make(map[netip.Prefix][]C)
	}
	h.guests[c] = guest{network: network}
	h.networks[network]++
	h.strangers[site(network)] = append(h.strangers[site(network)], c)
}

// Know notes that a connection has logged in, and is false where it is gone.
func (h *House[C]) Know(c C) bool {
	g, ok := h.guests[c]
	if ok && !g.known {
		h.unlist(c, g.network)
		h.guests[c] = guest{g.network, true}
	}
	return ok
}

// Leave counts a connection out, and is false where it is gone already.
func (h *House[C]) Leave(c C) bool {
	g, ok := h.guests[c]
	if !ok {
		return false
	}
	delete(h.guests, c)
	if h.networks[g.network]--; h.networks[g.network] == 0 {
		delete(h.networks, g.network)
	}
	if !g.known {
		h.unlist(c, g.network)
	}
	return true
}

// unlist takes a connection off the strangers.
func (h *House[C]) unlist(c C, network netip.Prefix) {
	from := site(network)
	strangers := h.strangers[from]
	if i := slices.Index(strangers, c); i >= 0 {
		strangers = slices.Delete(strangers, i, i+1)
	}
	if h.strangers[from] = strangers; len(strangers) == 0 {
		delete(h.strangers, from)
	}
}

// Displace counts out the stranger who has been there the longest, of the site
// that has the most of them, for a newcomer from a site with fewer, and returns
// him to be cut off. It is false where there is none. Whoever fills the house
// without a login so displaces himself only, and the logged in are safe.
func (h *House[C]) Displace(newcomer netip.Prefix) (C, bool) {
	own := site(newcomer)
	fullest := own
	for from, strangers := range h.strangers {
		if len(strangers) > len(h.strangers[fullest]) {
			fullest = from
		}
	}
	if fullest == own {
		var none C
		return none, false
	}
	c := h.strangers[fullest][0]
	h.Leave(c)
	return c, true
}

// site is what one customer of a provider may have around a network: the IPv4
// address, or the /48 of an IPv6 one, which holds 65,536 networks.
func site(network netip.Prefix) netip.Prefix {
	if network.Addr().Is6() {
		network, _ = network.Addr().Prefix(48)
	}
	return network
}

// Len returns the number of connections.
func (h *House[C]) Len() int { return len(h.guests) }

// From returns the number of connections from a network.
func (h *House[C]) From(network netip.Prefix) int { return h.networks[network] }

// Each calls f for each connection.
func (h *House[C]) Each(f func(C)) {
	for c := range h.guests {
		f(c)
	}
}
