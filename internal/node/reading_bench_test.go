package node_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/smtp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// BenchmarkDelivery measures how long after the 250 for a mail each session
// that watches its mailbox is told of it, with 1,000 sessions in IDLE: fifty of
// them watch that mailbox, the others another. All clients share the
// processors with the gateway.
func BenchmarkDelivery(b *testing.B) {
	const sessions, watchers = 1000, 50
	at, mail := benchGateway(b)
	told := make(chan time.Time, watchers)
	for i := range sessions {
		login, password, mailbox := "fr1", at.password, "INBOX"
		if i < watchers {
			login, password, mailbox = "ke1", at.reader, "Authority/ke/INBOX"
		}
		r := dialReader(b, at, login, password)
		r.do(b, "SELECT "+mailbox)
		r.do(b, "IDLE")
		if i < watchers {
			go r.watch(told)
		}
	}
	conn, err := tls.Dial("tcp", at.addr, &tls.Config{RootCAs: at.roots, ServerName: domain})
	if err != nil {
		b.Fatal(err)
	}
	sender, err := smtp.NewClient(conn, domain)
	if err != nil {
		b.Fatal(err)
	}
	defer sender.Close()
	if err := sender.Auth(plainAuth{"fr1", at.password}); err != nil {
		b.Fatal(err)
	}
	place := bytes.Index(mail, []byte(placeholder))
	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		copy(mail[place:], fmt.Sprintf("%08d", n))
		if err := submit(sender, mail); err != nil {
			b.Fatal(err)
		}
		accepted := time.Now()
		for range watchers {
			took = append(took, (<-told).Sub(accepted))
		}
	}
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
	}
	b.ReportMetric(20, "p99-ms-wanted")
}

// BenchmarkAppend measures sealed mails of 8 KiB that 16 clients put into a
// mailbox a second: by the gateway, where they pass the rules for what may be
// kept, are stored and synced, and in the same run by the IMAP library's
// server, which keeps them in memory and looks at nothing.
func BenchmarkAppend(b *testing.B) {
	at, mail := benchGateway(b)
	for _, server := range []struct {
		name string
		at   target
	}{{"gateway", at}, {"peer", benchMemory(b, at.password)}} {
		b.Run(server.name, func(b *testing.B) {
			readers := make([]*reader, 16)
			for i := range readers {
				readers[i] = dialReader(b, server.at, "fr1", at.password)
			}
			place := bytes.Index(mail, []byte(placeholder))
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			before := processorTime(b)
			for _, r := range readers {
				wg.Go(func() {
					own := bytes.Clone(mail)
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						copy(own[place:], fmt.Sprintf("%08d", n))
						r.do(b, fmt.Sprintf("APPEND Drafts {%d}", len(own)))
						r.finish(b, string(own))
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
			b.ReportMetric(2000, "mails/s-wanted")
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-us/mail")
		})
	}
}

// processorTime is what the process has used, clients and all: it says more
// than the time does where a machine is shared.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// reader is an IMAP client that reads lines.
type reader struct {
	io.ReadWriteCloser
	lines *bufio.Scanner
}

func dialReader(b *testing.B, at target, login, password string) *reader {
	conn, err := tls.Dial("tcp", at.imap, &tls.Config{RootCAs: at.roots, ServerName: domain})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	r := &reader{conn, bufio.NewScanner(conn)}
	r.lines.Scan()
	r.do(b, "LOGIN "+login+" "+password)
	return r
}

// do sends a command and reads to its end, or to where the server waits.
func (r *reader) do(b *testing.B, command string) { r.finish(b, "t "+command) }

// finish sends the rest of a command.
func (r *reader) finish(b *testing.B, rest string) {
	io.WriteString(r, rest+"\r\n")
	for r.lines.Scan() {
		if line := r.lines.Text(); strings.HasPrefix(line, "t OK") || strings.HasPrefix(line, "+") {
			return
		} else if strings.HasPrefix(line, "t ") {
			b.Errorf("%.40s: got %q", rest, line)
			return
		}
	}
	b.Errorf("%.40s: %v", rest, r.lines.Err())
}

// watch tells when it is told of a mail.
func (r *reader) watch(told chan<- time.Time) {
	for r.lines.Scan() {
		if strings.HasSuffix(r.lines.Text(), " EXISTS") {
			told <- time.Now()
		}
	}
}

// benchMemory starts go-imap's server in memory, with fr1's mailboxes.
func benchMemory(b *testing.B, password string) target {
	at := benchPeer(b)
	user := imapmemserver.NewUser("fr1", password)
	if err := user.Create("Drafts", nil); err != nil {
		b.Fatal(err)
	}
	backend := imapmemserver.New()
	backend.AddUser(user)
	s := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return backend.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}},
	})
	l, err := tls.Listen("tcp", "127.0.0.1:0", at.tls)
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(l)
	b.Cleanup(func() { s.Close() })
	at.imap = l.Addr().String()
	return at
}
