package peer_test

import (
	"fmt"
	"testing"

	"gsp.example/gsp/internal/peer"
)

// Sixteen networks of one site fill the house; each newcomer from elsewhere
// takes the place of one of them, the oldest first.
func TestHouse(t *testing.T) {
	var h peer.House[int]
	const each = 16
	for i := range 16 * each {
		h.Enter(i, peer.Network(fmt.Sprintf("[2001:db8:1:%d::1]:5", i/each)))
	}
	for i := range 4 {
		if !h.Know(i) {
			t.Fatalf("%d is gone before it logged in", i)
		}
	}
	if c, ok := h.Displace(peer.Network("[2001:db8:1:99::1]:5")); ok {
		t.Errorf("another network of the same site displaced %d, want none", c)
	}
	for i := range 5 {
		officer := peer.Network(fmt.Sprintf("192.0.2.%d:5", i))
		if c, ok := h.Displace(officer); !ok || c != 4+i {
			t.Errorf("newcomer %d displaced %d, %v, want %d", i, c, ok, 4+i)
		}
		if h.Know(4+i) || h.Leave(4+i) {
			t.Errorf("the displaced %d is still there", 4+i)
		}
		h.Enter(1000+i, officer)
	}
	if got := h.Len(); got != 16*each {
		t.Errorf("%d connections, want %d", got, 16*each)
	}
	if got, want := h.From(peer.Network("[2001:db8:1:0::7]:5")), each-5; got != want {
		t.Errorf("%d connections of the first network, want %d", got, want)
	}
	all := 0
	h.Each(func(int) { all++ })
	if all != h.Len() {
		t.Errorf("Each saw %d connections, want %d", all, h.Len())
	}

	var known peer.House[int]
	for i := range 3 {
		known.Enter(i, peer.Network("192.0.2.1:5"))
		known.Know(i)
	}
	if c, ok := known.Displace(peer.Network("192.0.2.2:5")); ok {
		t.Errorf("displaced %d, who is logged in", c)
	}
}
