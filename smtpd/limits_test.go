package smtpd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/smtpd"
)

func TestRecipients(t *testing.T) {
	d := openDoor(t, func(s *smtpd.Server) { s.MaxRecipients = 2 })
	c := d.ready(t)
	c.want("RCPT TO:<fr@gsp.example>\r\n", "250 ")
	c.want("RCPT TO:<FR@gsp.example>\r\n", "250 ") // counts once
	c.want("RCPT TO:<de@gsp.example>\r\n", "452 4.5.3 too-many-recipients: a mail can go to 2 recipients at most.")
	c.want("DATA\r\n", "354 ")
	c.want(body+".\r\n", "250 ")
	if got := d.store.mails()[0].Recipients; len(got) != 2 {
		t.Errorf("recipients: got %v, want two", got)
	}
}

// Many mails of full size at once all get their turn, and never take more room
// than there is, whether their size was announced or not, or announced wrongly.
func TestManyLargeMailsFindRoom(t *testing.T) {
	const largest, rooms = 200_000, 4
	line := strings.Repeat("x", 98) + "\r\n"
	for _, test := range []struct {
		name      string
		announce  string
		passwords []string
	}{
		{"announced", fmt.Sprintf(" SIZE=%d", largest), []string{password}},
		{"unknown", "", []string{password}},
		{"unknown, of two accounts", "", []string{password, colleague}},
		{"counted without CR", fmt.Sprintf(" SIZE=%d", largest-largest/len(line)), []string{password, colleague}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openDoor(t, func(s *smtpd.Server) { s.MaxMessage, s.Limits.Room = largest, rooms*largest })
			var inside, most atomic.Int64
			d.store.answer = func(_ context.Context, m gsp.Submission) (gsp.Receipt, error) {
				most.Store(max(most.Load(), inside.Add(int64(cap(m.Raw)))))
				runtime.Gosched()
				inside.Add(-int64(cap(m.Raw)))
				return gsp.Receipt{}, nil
			}
			var sent sync.WaitGroup
			for i := range 50 {
				c := d.loginBy(t, test.passwords[i%len(test.passwords)])
				sent.Go(func() {
					said := []string{"MAIL FROM:<" + officer + ">" + test.announce, "RCPT TO:<ke@gsp.example>", "DATA"}
					for _, command := range said { // each in turn: DATA is answered when there is room
						if _, err := c.conn.Write([]byte(command + "\r\n")); err != nil {
							t.Error(err)
						}
						c.in.ReadString('\n')
					}
					for range largest / len(line) { // line by line, so that all grow at once
						c.conn.Write([]byte(line))
					}
					c.conn.Write([]byte(".\r\n"))
					if got, err := c.in.ReadString('\n'); !strings.HasPrefix(got, "250 2.0.0 stored") {
						t.Errorf("got %q, %v, want 250", got, err)
					}
				})
			}
			sent.Wait()
			if got := most.Load(); got > rooms*largest {
				t.Errorf("got %d octets at once, want at most %d", got, rooms*largest)
			}
		})
	}
}

// The octets of a large mail are out of memory before others get its room, even
// if the collector has nothing to do by its own measure.
func TestRoomIsEmptyWhenGivenBack(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	d := openDoor(t, nil)
	d.store.forget = true
	c := d.login(t)
	mail := strings.Repeat(strings.Repeat("x", 98)+"\r\n", 60_000) + ".\r\n"
	before := heap()
	for range 6 {
		c.want(fmt.Sprintf("MAIL FROM:<%s> SIZE=%d\r\n", officer, len(mail)), "250 ")
		c.want("RCPT TO:<ke@gsp.example>\r\n", "250 ")
		c.want("DATA\r\n", "354 ")
		c.want(mail, "250 ")
	}
	if got, want := heap()-before, int64(3*len(mail)); got > want {
		t.Errorf("six mails leave %d octets in memory, want less than three of them, %d", got, want)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestSessionsPerPeer(t *testing.T) {
	d := openDoor(t, func(s *smtpd.Server) { s.Limits.PerPeer = 2 })
	first, second := d.login(t), d.login(t)
	third := d.dial(t)
	third.want("", "421 4.3.2 stopping: too many connections from your network.")
	third.gone()
	first.want("QUIT\r\n", "221 ")
	first.gone()
	// The door counts the first one out when it has seen it close.
	for {
		c := d.dial(t)
		if strings.HasPrefix(c.reply(), "220 ") {
			break
		}
	}
	second.want("NOOP\r\n", "250 ")
}

// Who goes on although turned away, and whoever comes to a full house, is cut
// off before it costs a handshake.
func TestFullHouse(t *testing.T) {
	for name, limits := range map[string]smtpd.Limits{
		"one network": {PerPeer: 1},
		"all":         {Sessions: 2},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDoor(t, func(s *smtpd.Server) { s.Limits = limits })
			for i := range 3 {
				conn, err := net.Dial("tcp", d.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if i < 2 {
					continue // silent, and counted
				}
				conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				if n, err := conn.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("the third connection: got %d octets and %v, want it closed", n, err)
				}
			}
		})
	}
}

// Whoever fills the house without a login displaces only himself: an officer
// from elsewhere still gets in, and who is logged in stays.
func TestStrangersMakeRoom(t *testing.T) {
	d := openDoor(t, func(s *smtpd.Server) { s.Limits.Sessions = 4 })
	from := func(address string) net.Conn {
		t.Helper()
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
		conn, err := dialer.Dial("tcp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	cut := func(who string, conn net.Conn) {
		t.Helper()
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if n, err := conn.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: got %d octets and %v, want it closed", who, n, err)
		}
	}
	officers := []*client{d.login(t)}
	quiet := from("127.0.0.8") // one of its own
	var silent []net.Conn
	for range 2 {
		silent = append(silent, from("127.0.0.9"))
	}
	cut("one more of the fullest", from("127.0.0.9"))
	officers = append(officers, d.login(t))
	cut("the oldest of the fullest", silent[0])
	cut("one that would be no better", from("127.0.0.9"))
	officers = append(officers, d.login(t), d.login(t))
	cut("the last of the fullest", silent[1])
	cut("the quiet one", quiet)
	cut("one that comes when all are logged in", from("127.0.0.8"))
	for _, c := range officers {
		c.want("NOOP\r\n", "250 ")
	}
}

// Replies to commands sent together come together, in order (RFC 2920).
func TestPipelining(t *testing.T) {
	d := openDoor(t, nil)
	c := d.login(t)
	const mails = 50
	var all strings.Builder
	for i := range mails {
		fmt.Fprintf(&all, "MAIL FROM:<%s>\r\nRCPT TO:<ke@gsp.example>\r\nDATA\r\n%d\r\n.\r\n", officer, i)
	}
	go c.send(all.String())
	for range mails {
		for _, want := range []string{"250 2.1.0", "250 2.1.5", "354 ", "250 2.0.0 stored, case"} {
			c.want("", want)
		}
	}
	for i, m := range d.store.mails() {
		if got, want := string(m.Raw), fmt.Sprintf("%d\r\n", i); got != want {
			t.Fatalf("mail %d: got %q, want %q", i, got, want)
		}
	}
}

func TestBrokenCommands(t *testing.T) {
	for _, line := range []string{
		"NOOP\n", "NOOP\x00\r\n", "NO\rOP\r\n", "EHLO \xc3\xa9\r\n", "NOOP " + strings.Repeat("x", 5000) + "\r\n",
	} {
		d := openDoor(t, nil)
		c := d.dial(t)
		c.want("", "220 ")
		c.want(line, "550 5.6.0 broken-lines: ")
		c.gone()
	}
}

// A long refusal comes as several lines with the same codes.
func TestLongRefusal(t *testing.T) {
	d := openDoor(t, nil)
	d.store.answer = func(context.Context, gsp.Submission) (gsp.Receipt, error) {
		return gsp.Receipt{}, &gsp.Refusal{
			Reason: gsp.AmbiguousUIM,
			Cause:  "patterns of several Parties fit: " + strings.Repeat("Côte d'Ivoire,\r\n ", 60) + strings.Repeat("z", 600),
			Remedy: "name the Party",
		}
	}
	c := d.ready(t)
	c.want("DATA\r\n", "354 ")
	c.send(body + ".\r\n")
	lines := strings.Split(c.reply(), "\r\n")
	if len(lines) < 4 {
		t.Errorf("%d lines, want at least 4", len(lines))
	}
	var text strings.Builder
	for i, line := range lines {
		mark := "-"
		if i == len(lines)-1 {
			mark = " "
		}
		rest, ok := strings.CutPrefix(line, "550"+mark+"5.1.4 ")
		if !ok || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("line %d: %q", i, line)
		}
		text.WriteString(rest)
	}
	if got := text.String(); !strings.Contains(got, "C?te d'Ivoire,") || !strings.HasSuffix(got, " https://gsp.example/help/ambiguous-uim") {
		t.Errorf("text: %q", got)
	}
}

func TestMailsOfAnHour(t *testing.T) {
	var later atomic.Int64 // minutes
	d := openDoor(t, func(s *smtpd.Server) {
		s.Limits.Mails, s.Limits.Recipients = 3, 5
		s.Now = func() time.Time {
			return time.Date(2026, 11, 23, 14, int(later.Load()), 0, 0, time.UTC)
		}
	})
	c := d.ready(t)
	c.want("DATA\r\n", "354 ")
	c.want(body+".\r\n", "250 ")
	c.envelope()
	for _, to := range []string{"fr", "de", "eu"} {
		c.want("RCPT TO:<"+to+"@gsp.example>\r\n", "250 ")
	}
	c.want("RCPT TO:<uk@gsp.example>\r\n", "450 4.7.1 too-many-mails: your account has used up its 5 recipients an hour. "+
		"Try again after 14:12 UTC. https://gsp.example/help/too-many-mails")
	other := d.ready(t) // asked while there was still room
	c.want("DATA\r\n", "354 ")
	c.want(body+".\r\n", "250 ")
	other.want("DATA\r\n", "354 ")
	other.want(body+".\r\n", "450 4.7.1 too-many-mails: your account has used up its 5 recipients an hour.")
	later.Store(24)
	other.envelope()
	other.want("DATA\r\n", "354 ")
	other.want(body+".\r\n", "250 ")
	other.envelope()
	other.want("DATA\r\n", "354 ")
	other.want(body+".\r\n", "250 ")
	other.want("MAIL FROM:<"+officer+">\r\n", "450 4.7.1 too-many-mails: your account has used up its 3 mails an hour. Try again after 14:40 UTC.")
	if n := len(d.store.mails()); n != 4 {
		t.Errorf("%d mails, want 4", n)
	}
}

// A mail that the door itself refuses cost the gateway its octets too.
func TestRefusedMailsOfAnHour(t *testing.T) {
	d := openDoor(t, func(s *smtpd.Server) { s.Limits.Mails = 1 })
	c := d.ready(t)
	c.want("DATA\r\n", "354 ")
	c.want("a\nb\r\n.\r\n", "550 5.6.0 broken-lines: ")
	c.want("MAIL FROM:<"+officer+">\r\n", "450 4.7.1 too-many-mails: ")
}

func TestSessionsPerAccount(t *testing.T) {
	d := openDoor(t, func(s *smtpd.Server) { s.Limits.PerAccount = 2 })
	first, second := d.login(t), d.login(t)
	third := d.dial(t)
	third.want("", "220 ")
	third.want("EHLO x\r\n", "250-")
	third.want(plain(officer, password), "454 4.7.0 too-busy: too many connections of your account are open.")
	third.want("MAIL FROM:<"+officer+">\r\n", "530 ")
	first.want("QUIT\r\n", "221 ")
	first.gone()
	// The door counts the first one out when it has seen it close.
	for {
		c := d.dial(t)
		c.want("", "220 ")
		c.want("EHLO x\r\n", "250-")
		c.send(plain(officer, password))
		if strings.HasPrefix(c.reply(), "235 ") {
			break
		}
	}
	second.want("NOOP\r\n", "250 ")
}

// What the 250 tells of a mail that was stored before is what it told then.
func TestReceipts(t *testing.T) {
	d := openDoor(t, nil)
	c := d.login(t)
	const asked = "250 2.0.0 stored, case 2026-KE-7Q4M2; your Party waits for an answer to the same question already, in case 2026-KE-1ABCD"
	for _, test := range []struct {
		receipt gsp.Receipt
		want    string
	}{
		{gsp.Receipt{}, "250 2.0.0 stored"},
		{gsp.Receipt{Case: "2026-KE-7Q4M2"}, "250 2.0.0 stored, case 2026-KE-7Q4M2"},
		{gsp.Receipt{Case: "2026-KE-7Q4M2", Repeats: "2026-KE-1ABCD"}, asked},
		{gsp.Receipt{Case: "2026-KE-7Q4M2", Repeats: "2026-KE-1ABCD", Earlier: true}, asked},
	} {
		d.store.answer = func(context.Context, gsp.Submission) (gsp.Receipt, error) { return test.receipt, nil }
		c.envelope()
		c.want("DATA\r\n", "354 ")
		if got := c.want(body+".\r\n", "250 "); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.receipt, got, test.want)
		}
	}
}
