package registry_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

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
			if found := s.Identified(id); len(found) != 1 || found[0].Fingerprint() != ke.Fingerprint() {
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
