package stories_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/store/sqlite"
)

// TestKilledUnderLoad kills the gateway without warning while clients submit,
// again and again. A client that got no answer sends the same mail after the
// next start, as mail programs do. In the end each mail is there exactly once,
// with its octets, and no UID ever named two mails.
func TestKilledUnderLoad(t *testing.T) {
	rounds := 5
	if os.Getenv("CI") != "" {
		rounds = 20
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	b := newBattered(ctx, t)
	for round := range rounds {
		b.serve(ctx)
		b.read(ctx)
		b.submitUntilKilled(ctx, 40+17*round%60)
	}
	b.serve(ctx)
	for _, c := range b.clients {
		if err := c.submit(ctx, b, nil); err != nil {
			t.Fatalf("what was not answered, sent again: %v", err)
		}
	}
	b.read(ctx)

	sent := 0
	for _, c := range b.clients {
		sent += c.next
		for n := range c.next {
			if id := c.messageID(n); !b.found[id] {
				t.Errorf("%s was answered with 250 and is gone", id)
			}
		}
	}
	if len(b.found) != sent || len(b.uids) != sent {
		t.Errorf("found %d mails under %d UIDs, want the %d that were sent", len(b.found), len(b.uids), sent)
	}
	t.Logf("%d mails through %d kills", sent, rounds)
	b.stop()
}

// battered is a gateway that is killed, its clients, and what was read of it.
type battered struct {
	*world
	t        *testing.T
	smtp     string
	imap     string
	clients  []*submitter
	bodies   map[bool][]byte // of every mail, as it was first read, and of every large one
	found    map[string]bool
	uids     map[imap.UID]string // each one's Message-ID, expunged or not
	validity uint32
}

// Each tenth mail is one that becomes a file beside the database.
const (
	everyLarge = 10
	largeText  = 400 << 10 // octets of its text, half of which sealing takes away again
)

// submitter is a mail client that sends one mail after another.
type submitter struct {
	number int
	raw    []byte // the mail without its Message-ID
	large  []byte // another, which becomes a file of its own
	next   int    // counts the mails answered with 250, and numbers the next
}

func (s *submitter) messageID(n int) string { return fmt.Sprintf("%d.%d@gsp.example", s.number, n) }

func newBattered(ctx context.Context, t *testing.T) *battered {
	t.Helper()
	b := &battered{world: &world{folder: t.TempDir()}, t: t, bodies: map[bool][]byte{}, found: map[string]bool{}, uids: map[imap.UID]string{}}
	must := func(_ string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.start(ctx, nil))
	must(b.party(ctx, []string{"fr", "France"}))
	must(b.party(ctx, []string{"ke", "Kenya"}))
	must(b.officer(ctx, []string{"fr1", "fr", "requester"}))
	must(b.officer(ctx, []string{"ke1", "ke", "requester", "replier"}))
	cert, err := b.fetch(ctx, "ke1")
	if err != nil {
		t.Fatal(err)
	}
	compose := func(text string) []byte {
		raw, err := client.Compose(client.Draft{
			From: address("fr1"), To: []gsp.Address{address("ke1")}, MessageID: "<x@gsp.example>", Date: time.Now(),
			Text: text, For: []*pgpcert.Cert{cert}, Signer: b.keys["fr1"],
		})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	noise := make([]byte, largeText/2)
	rand.Read(noise)
	raw, large := compose("Whose are these?"), compose(fmt.Sprintf("%x", noise))
	for n := range 6 {
		b.clients = append(b.clients, &submitter{number: n, raw: raw, large: large})
	}
	b.smtp, b.imap = b.gateway.SMTP.String(), b.gateway.IMAP.String()
	b.end()
	if err := b.gateway.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	b.gateway = nil
	t.Cleanup(b.kill)
	return b
}

// serve starts the gateway as a program of its own, on the ports that the
// clients know.
func (b *battered) serve(ctx context.Context) {
	b.t.Helper()
	path, err := exec.LookPath("gsp")
	if err != nil {
		b.t.Fatal(err)
	}
	site := filepath.Join(b.folder, "battered.toml")
	text := fmt.Sprintf("data = \"data\"\n[smtp]\nlisten = %q\n[imap]\nlisten = %q\n[https]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"error\"\n", b.smtp, b.imap)
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	p := &program{cmd: exec.Command(path, "serve", "--config", site), output: &output{ready: make(chan struct{})}, ended: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.program = p
	go func() { p.ended <- p.cmd.Wait() }()
	select {
	case <-p.output.ready:
	case err := <-p.ended:
		b.t.Fatalf("the gateway did not start: %v: %s", err, p.output)
	case <-ctx.Done():
		b.t.Fatalf("wait for the gateway: %v: %s", ctx.Err(), p.output)
	}
}

// submitUntilKilled lets all clients submit, and kills the gateway once it
// answered so many of them.
func (b *battered) submitUntilKilled(ctx context.Context, answers int) {
	b.t.Helper()
	var answered atomic.Int64
	var once sync.Once
	var wg sync.WaitGroup
	for _, c := range b.clients {
		wg.Go(func() {
			_ = c.submit(ctx, b, func() bool { // ends with the error that the kill makes
				if answered.Add(1) >= int64(answers) {
					once.Do(func() { b.program.cmd.Process.Kill() })
				}
				return true
			})
		})
	}
	wg.Wait()
	if answered.Load() < int64(answers) {
		b.t.Fatalf("%d mails were answered before the kill, want %d: %s", answered.Load(), answers, b.program.output)
	}
	<-b.program.ended
	b.program = nil
}

// submit sends mails in one session while more wants them, at least one. With
// a nil more it is that one, to have an answer to what the kill left open.
// Each last is called before the session ends.
func (s *submitter) submit(ctx context.Context, b *battered, more func() bool, last ...func()) error {
	dialer := tls.Dialer{Config: b.tls()}
	conn, err := dialer.DialContext(ctx, "tcp", b.smtp)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer func() {
		for _, do := range last {
			do()
		}
	}()
	c := smtp.NewClient(conn)
	if err := c.Auth(sasl.NewPlainClient("", "fr1", b.passwords["fr1"])); err != nil {
		return err
	}
	for {
		raw := s.raw
		if s.next%everyLarge == everyLarge-1 {
			raw = s.large
		}
		mail := bytes.Replace(raw, []byte("x@gsp.example"), []byte(s.messageID(s.next)), 1)
		if err := c.SendMail("fr1@gsp.example", []string{"ke1@gsp.example"}, bytes.NewReader(mail)); err != nil {
			return err
		}
		s.next++
		if more == nil || !more() {
			return nil
		}
	}
}

// read reads what came since the last reading, compares it, and expunges
// every seventh mail, whose UID must not come back.
func (b *battered) read(ctx context.Context) {
	b.t.Helper()
	c, err := imapclient.DialTLS(b.imap, &imapclient.Options{TLSConfig: b.tls()})
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if err := c.Login("ke1", b.passwords["ke1"]).Wait(); err != nil {
		b.t.Fatal(err)
	}
	box, err := c.Select("INBOX", nil).Wait()
	if err != nil {
		b.t.Fatal(err)
	}
	if b.validity != 0 && box.UIDValidity != b.validity {
		b.t.Fatalf("UIDVALIDITY went from %d to %d", b.validity, box.UIDValidity)
	}
	b.validity = box.UIDValidity
	if box.NumMessages == 0 {
		return
	}
	section := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true}
	mails, err := c.Fetch(imap.UIDSet{{Start: 1}}, &imap.FetchOptions{
		UID: true, Envelope: true, BodySection: []*imap.FetchItemBodySection{section},
	}).Collect()
	if err != nil {
		b.t.Fatal(err)
	}
	var gone imap.UIDSet
	for _, m := range mails {
		id, seen := m.Envelope.MessageID, b.uids[m.UID]
		switch {
		case seen != "" && seen != id:
			b.t.Errorf("UID %d named %s and now names %s", m.UID, seen, id)
		case seen == "" && b.found[id]:
			b.t.Errorf("%s is there twice, again under UID %d", id, m.UID)
		}
		b.uids[m.UID], b.found[id] = id, true
		body := m.FindBodySection(section)
		large := len(body) > sqlite.InlineLimit
		if b.bodies[large] == nil {
			b.bodies[large] = slices.Clone(body)
		}
		if !bytes.Equal(body, b.bodies[large]) {
			b.t.Errorf("%s was altered: got %d octets, want the %d of the others", id, len(body), len(b.bodies[large]))
		}
		if m.UID%7 == 0 {
			gone.AddNum(m.UID)
		}
	}
	if len(gone) == 0 {
		return
	}
	flags := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	if err := c.Store(gone, flags, nil).Close(); err != nil {
		b.t.Fatal(err)
	}
	if err := c.UIDExpunge(gone).Close(); err != nil {
		b.t.Fatal(err)
	}
}

// stop ends the gateway in order.
func (b *battered) stop() {
	b.t.Helper()
	if _, err := b.terminate(b.t.Context(), nil); err != nil {
		b.t.Error(err)
	}
}

func (b *battered) tls() *tls.Config { return &tls.Config{RootCAs: b.roots, ServerName: domain} }
