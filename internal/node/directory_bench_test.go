package node_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/store/sqlite"
)

// BenchmarkDirectory starts a gateway with 50,000 certificates and reports how
// much memory they take, how long the start is and one more key, and how many a second
// h2load gets on kept connections, over HTTP/2 with TLS, while both share the
// processors; and the processor time of one, which other programs do not change.
func BenchmarkDirectory(b *testing.B) {
	h2load, err := exec.LookPath("h2load")
	if err != nil {
		b.Skip("h2load is not installed")
	}
	const officers = 50_000
	c := config.Default()
	c.Data = filepath.Join(b.TempDir(), "data")
	c.SMTP.Listen, c.IMAP.Listen, c.HTTPS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	fill(b, c.Data, officers)
	empty := heap()
	started := time.Now()
	g, err := node.Start(b.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer g.Shutdown(b.Context())
	start, memory := time.Since(started), heap()-empty
	do(b, c, admin.PartyAdd, admin.NewParty{ID: "ke", Name: "Kenya"})
	started = time.Now()
	publish(b, c, "ke")
	change := time.Since(started)

	var paths strings.Builder
	for i := range 5_000 {
		local := officer(i * officers / 5_000)
		fmt.Fprintf(&paths, "https://%s/.well-known/openpgpkey/%s/hu/%s?l=%s\n", g.HTTPS, domain, gsp.WKDHash(local), local)
	}
	list := filepath.Join(b.TempDir(), "paths")
	if err := os.WriteFile(list, []byte(paths.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	rate := regexp.MustCompile(`, ([0-9.]+) req/s`)
	for b.Loop() {
		before := used(b)
		out, err := exec.CommandContext(b.Context(), h2load, "-n", "200000", "-c", "8", "-m", "32", "-t", "1", "-i", list).CombinedOutput()
		found := rate.FindSubmatch(out)
		if err != nil || found == nil || !strings.Contains(string(out), "status codes: 200000 2xx") {
			b.Fatalf("%v\n%s", err, out)
		}
		perSecond, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(perSecond, "look-ups/s")
		b.ReportMetric((used(b)-before).Seconds()*1e6/200_000, "µs/look-up")
	}
	b.ReportMetric(start.Seconds(), "s-to-start")
	b.ReportMetric(change.Seconds()*1000, "ms-to-publish")
	b.ReportMetric(memory/(1<<20), "MiB")
}

func officer(i int) string { return fmt.Sprintf("officer%d.ke", i) }

// fill writes certificates into a data folder.
func fill(b *testing.B, folder string, officers int) {
	store, err := sqlite.Open(b.Context(), folder, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	now := time.Now().Truncate(time.Second)
	certs := make([]gsp.Certificate, officers)
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for i := w; i < officers; i += workers {
				a := gsp.Address{Local: officer(i), Domain: domain}
				e, err := openpgp.NewEntity("", "", a.String(), &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return now }})
				if err != nil {
					b.Error(err)
					return
				}
				var octets bytes.Buffer
				if err := e.Serialize(&octets); err != nil {
					b.Error(err)
					return
				}
				certs[i] = gsp.Certificate{Address: a, Fingerprint: fmt.Sprintf("%X", e.PrimaryKey.Fingerprint), Bytes: octets.Bytes(), Published: now}
			}
		})
	}
	group.Wait()
	if _, err := pgpcert.Read(certs[0].Bytes, certs[0].Address, now); err != nil {
		b.Fatal(err)
	}
	// As one change, or each would be read again with all before it.
	if _, err := store.Apply(b.Context(), gsp.Change{Certificates: certs}); err != nil {
		b.Fatal(err)
	}
}

// heap is how much is in use, in octets.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// used is the processor time that this process has used up.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
