package imapd_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"gsp.example/gsp/internal/gsp"
)

// fill puts n mails of a size into ann's INBOX: at most 5,000 are posted, the
// rest are copies of them.
func (w *world) fill(n, size int) {
	w.t.Helper()
	some := min(n, 5000)
	var posting sync.WaitGroup
	for range 10 {
		posting.Go(func() {
			for range some / 10 {
				w.deliver("ann", "INBOX", size)
			}
		})
	}
	posting.Wait()
	box := w.box("ann", "INBOX").ID
	uids := make([]uint32, some)
	for i := range uids {
		uids[i] = uint32(i + 1)
	}
	for have := some; have < n; have += some {
		if _, err := w.store.Copy(w.t.Context(), box, box, uids[:min(some, n-have)]); err != nil {
			w.t.Fatal(err)
		}
	}
}

// memory is the library's server in memory, without a guard and a disk: what
// the same fetches cost at least. It returns its address.
func memory(b *testing.B, n int, mail []byte) string {
	user := imapmemserver.NewUser("ann", "pw")
	if err := user.Create("INBOX", nil); err != nil {
		b.Fatal(err)
	}
	for range n {
		if _, err := user.Append("INBOX", literal{bytes.NewReader(mail)}, &imap.AppendOptions{Time: received}); err != nil {
			b.Fatal(err)
		}
	}
	backend := imapmemserver.New()
	backend.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return backend.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}},
	})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate()}})
	if err != nil {
		b.Fatal(err)
	}
	go server.Serve(l)
	b.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// reader is a client that counts what it is sent and keeps nothing.
type reader struct {
	b *testing.B
	net.Conn
	in *bufio.Reader
}

func dialReader(b *testing.B, addr string) *reader {
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	r := &reader{b, conn, bufio.NewReaderSize(conn, 256<<10)}
	r.in.ReadSlice('\n')
	r.do("LOGIN ann pw")
	r.do("SELECT INBOX")
	return r
}

// do sends a command and returns how many untagged lines it was answered with.
func (r *reader) do(command string) (lines int) {
	return r.send("t " + command)
}

// send sends the rest of the command with the tag "t".
func (r *reader) send(command string) (lines int) {
	io.WriteString(r.Conn, command+"\r\n")
	for {
		line, err := r.in.ReadSlice('\n')
		for err == bufio.ErrBufferFull { // of a long line the end will do
			line, err = r.in.ReadSlice('\n')
			lines++
		}
		switch {
		case err != nil:
			r.b.Errorf("%s: %v", command, err)
			return 0
		case bytes.HasPrefix(line, []byte("t ")):
			if !bytes.HasPrefix(line, []byte("t OK")) {
				r.b.Errorf("%s: got %q", command, line)
			}
			return lines
		case line[0] == '*':
			lines++
		}
		if bytes.HasSuffix(line, []byte("}\r\n")) {
			n, _ := strconv.Atoi(string(line[bytes.LastIndexByte(line, '{')+1 : len(line)-3]))
			r.in.Discard(n)
		}
	}
}

// BenchmarkFetch compares the door with the library's own server in memory:
// a mailbox of 5,000 mails of 8 KiB, over TLS on loopback, read whole by one
// client and by eight at once, and listed.
func BenchmarkFetch(b *testing.B) {
	const mails = 5000
	w := newWorld(b)
	w.fill(mails, 8192)
	mail, _ := w.octets(b)
	for _, server := range []struct{ name, addr string }{{"door", w.addr}, {"memory", memory(b, mails, mail)}} {
		for _, test := range []struct {
			clients int
			command string
			wanted  float64 // mails a second; 5,000 in 40 ms are 125,000
		}{
			{1, "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])", 33_000},
			{8, "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])", 50_000},
			{1, "FETCH 1:* (UID FLAGS ENVELOPE)", 125_000},
			{1, "FETCH 1:* (UID FLAGS)", 125_000},
		} {
			b.Run(fmt.Sprintf("%s/%d/%s", server.name, test.clients, test.command), func(b *testing.B) {
				readers := make([]*reader, test.clients)
				for i := range readers {
					readers[i] = dialReader(b, server.addr)
				}
				before := processorTime(b)
				for b.Loop() {
					var wg sync.WaitGroup
					for _, r := range readers {
						wg.Go(func() {
							if got := r.do(test.command); got != mails {
								b.Errorf("got %d lines, want %d", got, mails)
							}
						})
					}
					wg.Wait()
				}
				read := float64(b.N * mails * test.clients)
				b.ReportMetric(read/b.Elapsed().Seconds(), "mails/s")
				b.ReportMetric(test.wanted, "mails/s-wanted")
				b.ReportMetric((processorTime(b)-before).Seconds()*1e6/read, "cpu-us/mail")
			})
		}
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

// octets returns a mail of the INBOX as it is stored.
func (w *world) octets(t testing.TB) ([]byte, gsp.MailID) {
	delta, err := w.store.Since(t.Context(), w.box("ann", "INBOX").ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := w.store.Body(t.Context(), delta.Changed[0].Mail)
	if err != nil {
		t.Fatal(err)
	}
	return octets, delta.Changed[0].Mail
}

// BenchmarkSelect compares the door with the library's own server in memory:
// opening a mailbox of 100,000 mails, and what a session that has it open
// takes, its client counted with it.
func BenchmarkSelect(b *testing.B) {
	const mails, sessions = 100_000, 20
	w := newWorld(b)
	w.fill(mails, 1000)
	mail, _ := w.octets(b)
	for _, server := range []struct{ name, addr string }{{"door", w.addr}, {"memory", memory(b, mails, mail)}} {
		b.Run(server.name, func(b *testing.B) {
			r := dialReader(b, server.addr)
			for b.Loop() {
				r.do("SELECT INBOX")
			}
			b.ReportMetric(20, "ms-wanted")
			before := inUse()
			for range sessions {
				dialReader(b, server.addr).in = nil // which is larger than all the rest
			}
			b.ReportMetric(float64(inUse()-before)/1024/sessions, "KiB/session")
			b.ReportMetric(1024, "KiB/session-wanted")
		})
	}
}

// BenchmarkLarge times other commands on such a mailbox.
func BenchmarkLarge(b *testing.B) {
	w := newWorld(b)
	w.fill(100_000, 1000)
	for _, command := range []string{
		"NOOP", "FETCH 50000 FLAGS", "UID SEARCH UNSEEN", "SEARCH FLAGGED", "UID FETCH 99990:* (UID FLAGS ENVELOPE)", "STATUS INBOX (MESSAGES UNSEEN)",
	} {
		b.Run(command, func(b *testing.B) {
			r := dialReader(b, w.addr)
			for b.Loop() {
				r.do(command)
			}
		})
	}
}
