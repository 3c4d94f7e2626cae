package keyserver_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// BenchmarkLookups reports how many keys a second another program, h2load,
// gets on kept connections, over HTTP/2 with TLS, while both share the
// processors, and how much processor time one takes here, which the other
// programs of a busy machine do not change. There are 50,000 certificates of
// 700 octets, what an Ed25519 one has.
func BenchmarkLookups(b *testing.B) {
	h2load, err := exec.LookPath("h2load")
	if err != nil {
		b.Skip("h2load is not installed")
	}
	certs := map[string][]byte{}
	for i := range 50_000 {
		octets := make([]byte, 700)
		rand.Read(octets)
		certs[fmt.Sprintf("officer%d.ke", i)] = octets
	}
	config, _ := testTLS(b, "gsp.example")
	s := &keyserver.Server{Directory: publish(certs), Domain: "gsp.example", TLS: config}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(l)
	defer s.Shutdown(b.Context())

	var paths strings.Builder
	for i := range 5_000 {
		local := fmt.Sprintf("officer%d.ke", i*10)
		fmt.Fprintf(&paths, "https://%s%shu/%s?l=%s\n", l.Addr(), advanced, gsp.WKDHash(local), local)
	}
	list := filepath.Join(b.TempDir(), "paths")
	if err := os.WriteFile(list, []byte(paths.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	rate := regexp.MustCompile(`, ([0-9.]+) req/s`)
	for b.Loop() {
		before, client := processorTime(b, syscall.RUSAGE_SELF), processorTime(b, syscall.RUSAGE_CHILDREN)
		out, err := exec.CommandContext(b.Context(), h2load, "-n", "200000", "-c", "16", "-m", "32", "-t", "1", "-i", list).CombinedOutput()
		found := rate.FindSubmatch(out)
		if err != nil || found == nil || !strings.Contains(string(out), "status codes: 200000 2xx") {
			b.Fatalf("%v\n%s", err, out)
		}
		perSecond, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(perSecond, "look-ups/s")
		b.ReportMetric((processorTime(b, syscall.RUSAGE_SELF)-before).Seconds()*1e6/200_000, "µs/look-up")
		b.ReportMetric((processorTime(b, syscall.RUSAGE_CHILDREN)-client).Seconds()*1e6/200_000, "client-µs/look-up")
	}
}

// processorTime is what this process or its children have used up.
func processorTime(b *testing.B, whose int) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(whose, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
