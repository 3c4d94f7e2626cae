package registry_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/store/sqlite"
)

// certify makes a certificate for a local part.
func certify(t testing.TB, local string, now time.Time) *pgpcert.Cert {
	t.Helper()
	key, err := keyring.Generate("", address(local), now)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := key.Cert()
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func published(cert *pgpcert.Cert, now time.Time) gsp.Certificate {
	return gsp.Certificate{Address: cert.Address(), Fingerprint: cert.Fingerprint(), Bytes: cert.Bytes(), Published: now}
}

func TestIdentified(t *testing.T) {
	r, now := open(t, t.TempDir()), time.Now()
	ke, fr := certify(t, "ke", now), certify(t, "fr", now)
	apply(t, r, gsp.Change{Certificates: []gsp.Certificate{published(ke, now), published(fr, now)}})
	s := r.Snapshot()
	for _, fingerprint := range ke.Fingerprints() {
		for _, id := range []string{fingerprint, fingerprint[24:]} {
			if found := s.Identified(id); len(found) != 1 || found[0].Fingerprint != ke.Fingerprint() {
				t.Errorf("%s: got %v, want %v", id, found, ke)
			}
		}
		other := "0" + fingerprint[1:]
		if fingerprint[0] == '0' {
			other = "1" + fingerprint[1:]
		}
		for _, id := range []string{other, fingerprint[32:], fingerprint[1:], fingerprint + fingerprint[16:]} {
			if found := s.Identified(id); len(found) != 0 {
				t.Errorf("%s: got %v, want none", id, found)
			}
		}
	}
	for _, id := range []string{"", "ke", "xxxxxxxxxxxxxxxx", "+000000000000001"} {
		if found := s.Identified(id); len(found) != 0 {
			t.Errorf("%q: got %v, want none", id, found)
		}
	}
	// The one before is not found any more.
	apply(t, r, gsp.Change{Certificates: []gsp.Certificate{published(certify(t, "ke", now), now)}})
	if found := r.Snapshot().Identified(ke.Fingerprint()); len(found) != 0 {
		t.Errorf("replaced: got %v, want none", found)
	}
}

// A key that was replaced is found no more; one that was revoked stays behind
// its successors, for those who still hold it.
func TestRevokedKeysStayPublished(t *testing.T) {
	store, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r, err := registry.Open(t.Context(), store, "gsp.example")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	publish := func(cert *pgpcert.Cert) *pgpcert.Cert {
		t.Helper()
		now = now.Add(time.Second)
		apply(t, r, gsp.Change{Certificates: []gsp.Certificate{published(cert, now)}})
		return cert
	}
	check := func(want ...*pgpcert.Cert) {
		t.Helper()
		again, err := registry.Open(t.Context(), store, "gsp.example")
		if err != nil {
			t.Fatal(err)
		}
		for when, s := range map[string]*registry.Snapshot{"at once": r.Snapshot(), "after a restart": again.Snapshot()} {
			got := s.Published(gsp.WKDHash("ke"))
			if len(got) != len(want) {
				t.Errorf("%s: got %d certificates, want %d", when, len(got), len(want))
				continue
			}
			for i, l := range got {
				if l.Fingerprint != want[i].Fingerprint() || !bytes.Equal(l.Bytes, want[i].Bytes()) || l.Cert.Revoked() != want[i].Revoked() || i > 0 && l.Withdrawn.IsZero() {
					t.Errorf("%s: %d: got %v, want %v", when, i, l.Cert, want[i])
				}
				if found := s.Identified(l.Fingerprint); len(found) != 1 || found[0].Cert != l.Cert {
					t.Errorf("%s: %d: got %v by its fingerprint", when, i, found)
				}
			}
		}
	}
	replaced := publish(certify(t, "ke", now))
	first, revoked := revoke(t, now)
	publish(first)
	publish(revoked)
	check(revoked)
	second, revokedToo := revoke(t, now)
	publish(second)
	check(second, revoked)
	publish(revokedToo)
	check(revokedToo, revoked)
	third, lastRevoked := revoke(t, now)
	publish(third)
	check(third, revokedToo, revoked)
	publish(lastRevoked)
	current := publish(certify(t, "ke", now))
	check(current, lastRevoked, revokedToo)
	if found := r.Snapshot().Identified(replaced.Fingerprint()); len(found) != 0 {
		t.Errorf("replaced: got %v, want none", found)
	}
}

// revoke makes a certificate for ke, and what is published when its owner has
// revoked it.
func revoke(t *testing.T, now time.Time) (before, after *pgpcert.Cert) {
	t.Helper()
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEd25519, Time: func() time.Time { return now }}
	e, err := openpgp.NewEntity("", "", "ke@gsp.example", config)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	if before, err = pgpcert.Read(b.Bytes(), address("ke"), now); err != nil {
		t.Fatal(err)
	}
	if err := e.Revoke(packet.KeyCompromised, "", config); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	if after, err = before.Merge(b.Bytes(), now); err != nil {
		t.Fatal(err)
	}
	return before, after
}

// The file of all Parties' keys has those of registered Parties and nobody
// else's.
func TestAuthorities(t *testing.T) {
	r, now := open(t, t.TempDir()), time.Now()
	parties := []gsp.Party{
		{ID: "ke", Name: "Kenya", Registered: now}, {ID: "fr", Name: "France", Registered: now},
		{ID: "de", Name: "Germany", Registered: now}, {ID: "xx", Name: "A former Party", Registered: now, Withdrawn: now},
	}
	apply(t, r, gsp.Change{Parties: parties})
	for _, local := range []string{"ke", "fr", "xx", "postmaster"} {
		apply(t, r, gsp.Change{Certificates: []gsp.Certificate{published(certify(t, local, now), now)}})
	}
	got := ""
	for _, c := range r.Snapshot().Authorities() {
		got += c.Address.Local + " "
	}
	if want := "fr ke "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What 50,000 certificates take in memory, and how soon they are loaded.
func BenchmarkDirectoryOf50000(b *testing.B) {
	store, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	now := time.Now()
	var change gsp.Change
	for i := range 50_000 {
		change.Certificates = append(change.Certificates, published(certify(b, fmt.Sprintf("officer%d.ke", i), now), now))
	}
	if _, err := store.Apply(b.Context(), change); err != nil {
		b.Fatal(err)
	}
	change = gsp.Change{}
	for b.Loop() {
		before := heap()
		start := time.Now()
		r, err := registry.Open(b.Context(), store, "gsp.example")
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/load")
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
		runtime.KeepAlive(r)
	}
}

// heap returns the octets in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
