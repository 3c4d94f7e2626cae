package smtpd_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"gsp.example/gsp/smtpd"
)

// BenchmarkSubmission measures the door alone, with a Submitter that returns
// at once, beside go-smtp as it comes, at the same work: TLS, one login a
// connection, mails of 8 KiB. Compare the two of one size.
func BenchmarkSubmission(b *testing.B) {
	for _, connections := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("door-%d", connections), func(b *testing.B) {
			d := openDoor(b, func(s *smtpd.Server) {
				s.Submitter = &recorder{forget: true}
				s.Limits.Mails, s.Limits.Recipients = -1, -1
			})
			load(b, d.addr, d.tls, connections)
		})
		b.Run(fmt.Sprintf("bare-%d", connections), func(b *testing.B) {
			serverTLS, clientTLS := certificate(b)
			l, err := tls.Listen("tcp", "127.0.0.1:0", serverTLS)
			if err != nil {
				b.Fatal(err)
			}
			s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return bare{}, nil }))
			s.Domain = domain
			s.ErrorLog = log.New(io.Discard, "", 0)
			go s.Serve(l)
			b.Cleanup(func() { s.Close() })
			load(b, l.Addr().String(), clientTLS, connections)
		})
	}
}

// bare is the least that go-smtp needs.
type bare struct{}

func (bare) AuthMechanisms() []string { return []string{sasl.Plain} }
func (bare) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(string, string, string) error { return nil }), nil
}
func (bare) Mail(string, *smtp.MailOptions) error { return nil }
func (bare) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (bare) Reset()                               {}
func (bare) Logout() error                        { return nil }
func (bare) Data(r io.Reader) error {
	_, err := io.ReadAll(r)
	return err
}

// load sends b.N mails over some connections.
func load(b *testing.B, addr string, config *tls.Config, connections int) {
	mail := "From: customs1.ke@gsp.example\r\n\r\n" + strings.Repeat(strings.Repeat("x", 62)+"\r\n", 128) + ".\r\n"
	envelope := fmt.Sprintf("MAIL FROM:<%s> SIZE=%d\r\nRCPT TO:<ke@gsp.example>\r\nDATA\r\n", officer, len(mail))
	var clients []*bufio.ReadWriter
	for range connections {
		conn, err := tls.Dial("tcp", addr, config)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		c := bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
		expect(b, c, "220 ")
		say(b, c, "EHLO client.example\r\n", "250 ")
		say(b, c, plain(officer, password), "235 ")
		clients = append(clients, c)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan struct{}, connections)
	b.ResetTimer()
	for _, c := range clients {
		go func() {
			defer func() { done <- struct{}{} }()
			for left.Add(-1) >= 0 {
				say(b, c, envelope, "250 ", "250 ", "354 ")
				say(b, c, mail, "250 ")
			}
		}()
	}
	for range clients {
		<-done
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

func say(b *testing.B, c *bufio.ReadWriter, text string, replies ...string) {
	c.WriteString(text)
	if err := c.Flush(); err != nil {
		b.Error(err)
		return
	}
	for _, reply := range replies {
		expect(b, c, reply)
	}
}

// expect reads up to the last line of a reply.
func expect(b *testing.B, c *bufio.ReadWriter, reply string) {
	for {
		line, err := c.ReadSlice('\n')
		if err != nil {
			b.Error(err)
			return
		}
		if line[3] == '-' {
			continue
		}
		if !strings.HasPrefix(string(line), reply) {
			b.Errorf("got %q, want %q", line, reply)
		}
		return
	}
}
