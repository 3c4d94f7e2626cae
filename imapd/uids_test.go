package imapd

import (
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"unsafe"
)

// A list of UIDs behaves as the plain slice of them.
func TestUIDListIsASlice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var list uidList
		var plain []uint32
		for uid := uint32(1); uid < 60; uid++ {
			if r.IntN(3) > 0 {
				list.add(uid)
				plain = append(plain, uid)
			}
		}
		for range 3 {
			var gone []uint32 // some of which are not in the list
			for uid := range uint32(64) {
				if r.IntN(8) == 0 {
					gone = append(gone, uid)
				}
			}
			list = list.without(gone)
			plain = slices.DeleteFunc(plain, func(uid uint32) bool { return slices.Contains(gone, uid) })
			same(t, &list, plain)
		}
	}
}

func same(t *testing.T, list *uidList, plain []uint32) {
	t.Helper()
	if list.n != len(plain) {
		t.Fatalf("got %d UIDs, want %v", list.n, plain)
	}
	for p, uid := range plain {
		if got := list.at(p); got != uid {
			t.Fatalf("place %d: got %d of %v", p, got, plain)
		}
	}
	for uid := range uint32(70) {
		if got, want := list.place(uid), sort.Search(len(plain), func(i int) bool { return plain[i] >= uid }); got != want {
			t.Fatalf("UID %d: got place %d, want %d of %v", uid, got, want, plain)
		}
		if got, want := list.has(uid), slices.Contains(plain, uid); got != want {
			t.Fatalf("UID %d: got %v, want %v of %v", uid, got, want, plain)
		}
	}
	for i := range list.runs {
		if i > 0 && list.at(int(list.runs[i].before)-1)+1 == list.runs[i].first {
			t.Fatalf("runs %v of %v are not the longest", list.runs, plain)
		}
	}
}

// What a session holds of 100,000 messages is under a mebibyte in the worst
// case, where every second message was expunged, and next to nothing as a rule.
func TestLargeMailboxIsHeldInLittle(t *testing.T) {
	octets := func(step uint32) int {
		var list uidList
		for i := range uint32(100_000) {
			list.add(1 + i*step)
		}
		return cap(list.runs) * int(unsafe.Sizeof(run{}))
	}
	if got := octets(1); got > 64 {
		t.Errorf("without gaps: %d octets", got)
	}
	if got := octets(2); got > 1<<20 {
		t.Errorf("with a gap after each: %d octets, want at most %d", got, 1<<20)
	}
}
