package gsp

import "testing"

// The first vector is the draft's own; the others are what gpg-wks-client of
// GnuPG 2.2 prints.
func TestWKDHash(t *testing.T) {
	for _, test := range []struct{ local, want string }{
		{"Joe.Doe", "iy9q119eutrkn8s1mk4r39qejnbu3n5q"},
		{"alice", "kei1q4tipxxu1yj79k9kfukdhfy631xe"},
		{"nobody", "g3xcn6u8mh388xysa7dsdmcd6m8oxtc4"},
	} {
		if got := WKDHash(test.local); got != test.want {
			t.Errorf("WKDHash(%q) = %s, want %s", test.local, got, test.want)
		}
	}
	// The Kelvin sign folds to "k" in Unicode and must not do so here.
	if WKDHash("\u212a") == WKDHash("k") {
		t.Error("a letter beyond ASCII was folded")
	}
}
