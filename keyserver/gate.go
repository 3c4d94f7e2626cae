package keyserver

import (
	"net"
	"net/netip"
	"sync"

	"gsp.example/gsp/internal/peer"
)

// Connections at once. One beyond them is closed: a mail program that cannot
// ask for a key says so, and asks again with the next mail.
const (
	maxConnections        = 2048
	maxConnectionsPerPeer = 128
)

// gate is a listener that holds few connections of each peer.
type gate struct {
	net.Listener

	mu    sync.Mutex
	total int
	peers map[netip.Prefix]int
}

func newGate(l net.Listener) *gate { return &gate{Listener: l, peers: make(map[netip.Prefix]int)} }

func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := peer.Network(conn.RemoteAddr().String())
		if g.enter(from) {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { g.leave(from) })}, nil
		}
		conn.Close()
	}
}

func (g *gate) enter(from netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.total >= maxConnections || g.peers[from] >= maxConnectionsPerPeer {
		return false
	}
	g.total++
	g.peers[from]++
	return true
}

func (g *gate) leave(from netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.peers[from]--; g.peers[from] == 0 {
		delete(g.peers, from)
	}
}

// counted is a connection that is counted out when it is closed.
type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}
