package smtpd

import (
	"net"
	"net/netip"
	"slices"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// admit counts a connection in. A peer with too many gets one that says so;
// one that goes on gets nil, and so does a full house that can make no room.
func (s *Server) admit(conn net.Conn, clear bool) *guard {
	network := peer.Network(conn.RemoteAddr().String())
	s.mu.Lock()
	defer s.mu.Unlock()
	open := 0
	if network.IsValid() {
		open = s.peers[network]
	}
	if s.closing || open >= 2*s.Limits.PerPeer {
		return nil
	}
	if len(s.guards) >= s.Limits.Sessions && !s.makeRoom(peer.Site(network)) {
		return nil
	}
	g := newGuard(s, conn, network)
	g.clear, g.unwelcome = clear, open >= s.Limits.PerPeer
	s.guards[g] = 0
	s.strangers[g.site()] = append(s.strangers[g.site()], g)
	s.peers[network]++
	return g
}

// makeRoom cuts off the stranger who has been there the longest, of the site
// that has the most of them, for a newcomer from a site with fewer. Whoever
// fills the house without a login so displaces himself only, and those who are
// logged in are safe.
func (s *Server) makeRoom(newcomer netip.Prefix) bool {
	fullest := newcomer
	for site, strangers := range s.strangers {
		if len(strangers) > len(s.strangers[fullest]) {
			fullest = site
		}
	}
	if fullest == newcomer {
		return false
	}
	g := s.strangers[fullest][0]
	s.remove(g)
	g.abort()
	return true
}

// site is where the session counts as a stranger.
func (g *guard) site() netip.Prefix { return peer.Site(g.network) }

// countIn counts a session for its account, and is false where there are too
// many.
func (s *Server) countIn(g *guard, account gsp.AccountID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[account] >= s.Limits.PerAccount {
		return false
	}
	if _, open := s.guards[g]; open {
		s.known(g)
		s.guards[g] = account
		s.accounts[account]++
	}
	return true
}

// known takes a session off the strangers.
func (s *Server) known(g *guard) {
	site := g.site()
	strangers := s.strangers[site]
	if i := slices.Index(strangers, g); i >= 0 {
		strangers = slices.Delete(strangers, i, i+1)
	}
	if s.strangers[site] = strangers; len(strangers) == 0 {
		delete(s.strangers, site)
	}
}

// forget counts a session out.
func (s *Server) forget(g *guard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(g)
}

func (s *Server) remove(g *guard) {
	account, ok := s.guards[g]
	if !ok {
		return
	}
	delete(s.guards, g)
	countDown(s.peers, g.network)
	if account == 0 {
		s.known(g)
	} else {
		countDown(s.accounts, account)
	}
}

func countDown[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}
