package imapd_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/store/sqlite"
	"gsp.example/gsp/internal/store/storetest"
	"gsp.example/gsp/internal/wire"
)

// rebuilt delivers a mail as the router writes it, and returns its octets.
func (w *world) rebuilt(owner string) []byte {
	w.t.Helper()
	given, _ := storetest.Mail(w.t, 3000)
	outer := wire.Outer{
		From:      envelope.From,
		To:        []gsp.Address{{Local: "ke", Domain: "gsp.example"}, {Local: "fr", Domain: "gsp.example"}},
		Cc:        []gsp.Address{{Local: "eu", Domain: "gsp.example"}},
		Date:      time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		MessageID: "<a@gsp.example>",
		InReplyTo: []string{"<b@gsp.example>", "<c@gsp.example>"},
		Type:      gsp.Request,
		Case:      "2026-KE-7Q4M2",
		Received:  received,
		Domain:    "gsp.example",
	}
	m, err := sealed.Inspect(wire.Build(outer, given))
	if err != nil {
		w.t.Fatalf("inspect: %v", err)
	}
	_, err = w.store.Post(w.t.Context(), gsp.Posting{
		Message: m,
		Summary: gsp.Summary{Layout: m.Layout(), Envelope: gsp.Envelope{
			Date: outer.Date, Subject: "GSP request 2026-KE-7Q4M2", From: outer.From, To: outer.To, Cc: outer.Cc,
			MessageID: outer.MessageID, InReplyTo: outer.InReplyTo,
		}},
		Deliveries: []gsp.Delivery{{Mailbox: gsp.Inbox(owner), Received: received}},
		Event:      gsp.Event{At: received, Kind: gsp.MailAccepted},
	})
	if err != nil {
		w.t.Fatalf("post: %v", err)
	}
	return m.Raw()
}

// dial connects with the client of the library.
func (w *world) dial(login string, options *imapclient.Options) *imapclient.Client {
	w.t.Helper()
	if options == nil {
		options = new(imapclient.Options)
	}
	options.TLSConfig = &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"imap"}}
	c, err := imapclient.DialTLS(w.addr, options)
	if err != nil {
		w.t.Fatalf("dial: %v", err)
	}
	w.t.Cleanup(func() { c.Close() })
	if err := c.Login(login, "pw").Wait(); err != nil {
		w.t.Fatalf("login: %v", err)
	}
	return c
}

// What was computed when a mail was stored is what another reader finds in its
// octets.
func TestStoredFactsAgreeWithTheOctets(t *testing.T) {
	w := newWorld(t)
	raw := w.rebuilt("ann")
	c := w.dial("ann", nil)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{
		Envelope: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true},
	}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(got[0].BodyStructure), describe(imapserver.ExtractBodyStructure(bytes.NewReader(raw))); got != want {
		t.Errorf("body structure: got %s, want %s", got, want)
	}
	header := imapserver.ExtractBodySection(bytes.NewReader(raw), &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader})
	for _, want := range []string{got[0].Envelope.Subject, got[0].Envelope.MessageID, got[0].Envelope.InReplyTo[1],
		got[0].Envelope.Date.UTC().Format(time.RFC1123Z), got[0].Envelope.To[1].Addr(), got[0].Envelope.Cc[0].Addr(), got[0].Envelope.Sender[0].Addr()} {
		if want == "" || !bytes.Contains(header, []byte(want)) {
			t.Errorf("header %q does not show %q of the envelope", header, want)
		}
	}
	for _, item := range []*imap.FetchItemBodySection{
		{}, {Specifier: imap.PartSpecifierHeader}, {Specifier: imap.PartSpecifierText},
		{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"subject", "GSP-Case", "X-None"}},
		{Specifier: imap.PartSpecifierHeader, HeaderFieldsNot: []string{"Received", "CONTENT-TYPE"}},
		{Part: []int{1}}, {Part: []int{2}}, {Part: []int{3}},
		{Part: []int{1}, Specifier: imap.PartSpecifierMIME}, {Part: []int{2}, Specifier: imap.PartSpecifierMIME},
		{Part: []int{2}, Partial: &imap.SectionPartial{Offset: 10, Size: 100}},
		{Part: []int{2}, Partial: &imap.SectionPartial{Offset: 10, Size: 1 << 40}},
	} {
		item.Peek = true
		messages, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{item}}).Collect()
		if err != nil {
			t.Fatal(err)
		}
		got := messages[0].BodySection[0].Bytes
		want := imapserver.ExtractBodySection(bytes.NewReader(raw), item)
		if !bytes.Equal(got, want) {
			t.Errorf("section %+v: got %q, want %q", item, got, want)
		}
	}
}

func describe(s imap.BodyStructure) string {
	var b strings.Builder
	s.Walk(func(path []int, part imap.BodyStructure) bool {
		switch part := part.(type) {
		case *imap.BodyStructureSinglePart:
			encoding := strings.ToLower(part.Encoding)
			if encoding == "" {
				encoding = "7bit"
			}
			fmt.Fprintf(&b, "%v %s %v %q %q %s %d", path, strings.ToLower(part.MediaType()), part.Params, part.ID, part.Description, encoding, part.Size)
		case *imap.BodyStructureMultiPart:
			fmt.Fprintf(&b, "%v %s %v", path, strings.ToLower(part.MediaType()), part.Extended.Params)
		}
		if d := part.Disposition(); d != nil {
			fmt.Fprintf(&b, " %v", *d)
		}
		b.WriteString("; ")
		return true
	})
	return b.String()
}

// cut is a store that lost the end of one mail.
type cut struct {
	*sqlite.Store
	mail gsp.MailID
}

func (c cut) Bodies(ctx context.Context, mails []gsp.MailID) (map[gsp.MailID][]byte, error) {
	bodies, err := c.Store.Bodies(ctx, mails)
	if body, ok := bodies[c.mail]; ok {
		bodies[c.mail] = body[:len(body)/2]
	}
	return bodies, err
}

// spoilt is a store that finds one mail's octets, or what was computed of it,
// damaged, and then returns nothing, as the real one does.
type spoilt struct {
	imapd.Messages
	mail gsp.MailID
	uid  uint32
}

func (s spoilt) Bodies(ctx context.Context, mails []gsp.MailID) (map[gsp.MailID][]byte, error) {
	if slices.Contains(mails, s.mail) {
		return nil, gsp.ErrDamaged
	}
	return s.Messages.Bodies(ctx, mails)
}

func (s spoilt) Summaries(ctx context.Context, id gsp.MailboxID, uids []uint32) (map[uint32]gsp.Summary, error) {
	if slices.Contains(uids, s.uid) {
		return nil, gsp.ErrDamaged
	}
	return s.Messages.Summaries(ctx, id, uids)
}

// A mail that is damaged, or whose facts do not fit its octets, is told as
// damaged; it ends no session and hides no other mail.
func TestDamagedMailHarmsNoOther(t *testing.T) {
	for name, damage := range map[string]func(*sqlite.Store, gsp.Item) imapd.Messages{
		"cut":     func(s *sqlite.Store, i gsp.Item) imapd.Messages { return cut{s, i.Mail} },
		"octets":  func(s *sqlite.Store, i gsp.Item) imapd.Messages { return spoilt{s, i.Mail, 0} },
		"summary": func(s *sqlite.Store, i gsp.Item) imapd.Messages { return spoilt{s, 0, i.UID} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.deliver("ann", "INBOX", 2000, 2000)
			delta, err := w.store.Since(t.Context(), w.box("ann", "INBOX").ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			w.door.Messages = damage(w.store, delta.Changed[0])
			c := w.login("ann")
			c.ok("SELECT INBOX")
			lines, result := c.do("FETCH 1:2 BODY.PEEK[2]<0.1>")
			if len(lines) != 1 || !strings.HasPrefix(lines[0], "* 2 FETCH ") || !strings.HasPrefix(result, "NO [CORRUPTION]") {
				t.Errorf("got %q %q", lines, result)
			}
			c.ok("SEARCH TEXT GSP SENTSINCE 1-Jan-2020")
		})
	}
}

func TestRevision2(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000)
	c := w.login("ann")
	c.want("ENABLE IMAP4rev2 CONDSTORE", "* ENABLED IMAP4rev2")
	box := w.box("ann", "INBOX")
	c.want("SELECT inbox", "* 1 EXISTS", fmt.Sprintf("* OK [UIDVALIDITY %d] UIDs valid", box.UIDValidity),
		"* OK [UIDNEXT 2] Predicted next UID", `* FLAGS (\Seen \Answered \Flagged \Deleted \Draft)`,
		`* OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft \*)] Permanent flags`, `* LIST () "/" INBOX`)
	c.want("UNSELECT")
	c.refused("FETCH 1 FLAGS", "BAD")
}

func TestBinary(t *testing.T) {
	w := newWorld(t)
	w.rebuilt("ann")
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.want("FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[1]<0.3> BINARY.SIZE[7])",
		"* 1 FETCH (BINARY[1] ~Version: 1\r\n BINARY[1] ~Ver BINARY.SIZE[1] 12 BINARY.SIZE[7] 0)")
}

func TestSearch(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000)
	w.rebuilt("ann")
	w.deliver("ann", "INBOX", 9000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.ok(`STORE 1 FLAGS (\Seen \Answered $Forwarded)`)
	c.ok(`STORE 3 FLAGS (\Flagged)`)
	for keys, want := range map[string]string{
		"ALL":                               " 1 2 3",
		"SEEN":                              " 1",
		"UNSEEN":                            " 2 3",
		"NEW":                               "",
		"OLD":                               " 1 2 3",
		"RECENT":                            "",
		"KEYWORD $forwarded":                " 1",
		"UNKEYWORD $Forwarded FLAGGED":      " 3",
		"2:*":                               " 2 3",
		"UID 2 SUBJECT gsp":                 " 2",
		"NOT UID 2":                         " 1 3",
		"OR ANSWERED FLAGGED":               " 1 3",
		"OR (ANSWERED UNSEEN) FLAGGED":      " 3",
		"SINCE 23-Nov-2026":                 " 1 2 3",
		"BEFORE 23-Nov-2026":                "",
		"ON 23-Nov-2026":                    " 1 2 3",
		"SENTON 20-Nov-2026":                " 2",
		"SENTSINCE 21-Nov-2026":             " 1 3",
		"SENTBEFORE 21-Nov-2026":            " 2",
		"FROM customs1":                     " 1 3",
		"FROM \"ANN@gsp\"":                  " 2",
		"CC eu":                             " 2",
		"BCC eu":                            "",
		"HEADER GSP-Case 7q4m2":             " 2",
		"HEADER GSP-Case \"\"":              " 2",
		"HEADER X-None \"\"":                "",
		"TEXT 7Q4M2 SMALLER 8000":           " 1 2",
		"TEXT BEGIN":                        "",
		"BODY PGP":                          "",
		"NOT BODY PGP":                      " 1 2 3",
		"LARGER 8000":                       " 3",
		"CHARSET UTF-8 SUBJECT {3+}\r\ngsp": " 1 2 3",
	} {
		c.want("SEARCH "+keys, "* SEARCH"+want)
	}
	c.want("UID SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN", fmt.Sprintf(`* ESEARCH (TAG "t%d") UID ALL 2:3 MIN 2 MAX 3 COUNT 2`, c.tags+1))
	c.want("SEARCH RETURN (MIN COUNT) DELETED", fmt.Sprintf(`* ESEARCH (TAG "t%d") COUNT 0`, c.tags+1))
	c.refused("SEARCH CHARSET LATIN1 ALL", "NO [BADCHARSET]")
	c.refused("SEARCH FUZZY x", "BAD [CLIENTBUG]")
	c.refused("SEARCH YOUNGER 60", "BAD [CLIENTBUG]")
	c.refused("FETCH 0 FLAGS", "BAD")
	c.refused("FETCH 1:x FLAGS", "BAD [CLIENTBUG]")
	c.ok("ENABLE IMAP4rev2")
	c.want("SEARCH ALL", fmt.Sprintf(`* ESEARCH (TAG "t%d") ALL 1:3`, c.tags+1))
}

func TestMailboxes(t *testing.T) {
	w := newWorld(t)
	c := w.login("ann")
	c.ok("CREATE Cases/2026/")
	c.refused("CREATE cases/2026", "OK")
	c.refused("CREATE Cases/2026", "NO [ALREADYEXISTS] mailbox-exists: ")
	c.refused("CREATE INBOX", "NO [ALREADYEXISTS]")
	c.ok(`CREATE Old (USE (\Archive))`)
	c.refused(`CREATE Spam (USE (\Junk))`, "NO [USEATTR]")
	c.want(`LIST "" Cases*`,
		`* LIST (\HasChildren) "/" "Cases"`,
		`* LIST (\HasNoChildren) "/" "Cases/2026"`)
	c.want(`LIST Cases/ %`, `* LIST (\HasNoChildren) "/" "Cases/2026"`)
	c.want(`LIST (SPECIAL-USE) "" O% RETURN (SPECIAL-USE)`, `* LIST (\HasNoChildren \Archive) "/" "Old"`)
	c.want(`LIST "" ""`, `* LIST (\Noselect) "/" ""`)
	c.ok("RENAME Cases/2026 Cases/2027")
	c.want(`LIST "" Cases/*`, `* LIST (\HasNoChildren) "/" "Cases/2027"`)
	c.refused("RENAME Cases/2026 x", "NO [NONEXISTENT]")
	c.refused("RENAME Old Authority/ke/Old", "NO [NOPERM]")
	c.ok("UNSUBSCRIBE Old")
	c.want(`LSUB "" O*`)
	c.want(`LIST (SUBSCRIBED) "" (O* Dr%)`, `* LIST (\HasNoChildren \Drafts \Subscribed) "/" "Drafts"`)
	c.want(`LIST (SUBSCRIBED RECURSIVEMATCH) "" Cases`, `* LIST (\HasChildren \Subscribed) "/" "Cases" (CHILDINFO ("SUBSCRIBED"))`)
	c.ok("SUBSCRIBE Old")
	c.want(`LSUB "" O*`, `* LSUB (\HasNoChildren \Archive \Subscribed) "/" "Old"`)
	c.ok("SELECT Old")
	c.ok("DELETE Cases/2027")
	c.refused("DELETE INBOX", "NO")
	c.refused("DELETE Nowhere", "NO [NONEXISTENT]")
	// The mailbox that is open goes: IMAP knows no other way than BYE.
	other := w.login("ann")
	other.ok("DELETE Old")
	c.ok("NOOP")
	if got := c.line(); !strings.HasPrefix(got, "* BYE") {
		t.Errorf("got %q, want BYE", got)
	}
}

func TestStoreAndKeywords(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000, 2000)
	a, b := w.login("ann"), w.login("ann")
	a.ok("SELECT INBOX")
	b.ok("SELECT INBOX")
	a.want(`STORE 1:* +FLAGS (\Seen Urgent)`, `* FLAGS (\Seen \Answered \Flagged \Deleted \Draft Urgent)`,
		`* 1 FETCH (UID 1 FLAGS (\Seen Urgent))`, `* 2 FETCH (UID 2 FLAGS (\Seen Urgent))`)
	b.want("NOOP", `* FLAGS (\Seen \Answered \Flagged \Deleted \Draft Urgent)`,
		`* 1 FETCH (UID 1 FLAGS (\Seen Urgent))`, `* 2 FETCH (UID 2 FLAGS (\Seen Urgent))`)
	b.want(`UID STORE 1 -FLAGS.SILENT (Urgent \Flagged)`)
	// a asked for silence, but not about what b did.
	a.want(`STORE 1 +FLAGS.SILENT (\Answered)`, `* 1 FETCH (UID 1 FLAGS (\Seen \Answered))`)
	a.want(`STORE 1 FLAGS.SILENT (\Seen)`)
	a.want(`STORE 1 FLAGS ()`, `* 1 FETCH (UID 1 FLAGS ())`)
	a.refused(`STORE 1 +FLAGS (\Nonsense)`, "BAD")
	a.refused(`STORE 1 +FLAGS (`+strings.Repeat("x", 65)+")", "NO [LIMIT]")
	if got := w.login("ann").ok("SELECT INBOX"); !slices.Contains(got, `* OK [PERMANENTFLAGS (\Seen \Answered \Flagged \Deleted \Draft Urgent \*)] Permanent flags`) {
		t.Errorf("got %q", got)
	}
}

func TestUIDExpungeTakesOnlyWhatIsNamed(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 2000, 2000, 2000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.ok(`STORE 1,3 +FLAGS.SILENT (\Deleted)`)
	c.want("UID EXPUNGE 2:9", "* 3 EXPUNGE")
	c.want("FETCH 1:* (UID FLAGS)", `* 1 FETCH (UID 1 FLAGS (\Deleted))`, `* 2 FETCH (UID 2 FLAGS ())`)
	w.deliver("ann", "INBOX", 2000)
	m, _ := storetest.Mail(t, 2000)
	lines, result := c.do(fmt.Sprintf("APPEND INBOX (\\Deleted) {%d+}\r\n%s", len(m.Raw()), m.Raw()))
	if !strings.HasPrefix(result, "OK [APPENDUID ") || !slices.Equal(lines, []string{"* 4 EXISTS"}) {
		t.Errorf("got %q %q", lines, result)
	}
	c.want("CLOSE")
	c.want("STATUS INBOX (MESSAGES DELETED)", "* STATUS INBOX (MESSAGES 2 DELETED 0)")
}

func TestI21ShutdownSaysBye(t *testing.T) {
	w := newWorld(t)
	idle, quiet := w.login("ann"), w.login("bob")
	idle.ok("SELECT INBOX")
	fmt.Fprintf(idle.Conn, "i IDLE\r\n")
	idle.line()
	if err := w.door.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	for _, c := range []*client{idle, quiet} {
		if got := c.line(); got != "* BYE stopping: the gateway is restarting. Connect again in a minute." {
			t.Errorf("got %q, want BYE", got)
		}
	}
	if _, err := net.Dial("tcp", w.addr); err == nil {
		t.Error("still listening")
	}
}

// However many messages are asked for, and whatever their size, each comes
// once, whole and in order, and each that was read is marked as read.
func TestFetchReadsInParts(t *testing.T) {
	w := newWorld(t)
	var want []string
	for _, size := range []int{300_000, 1000, 1000, 200_000, 100_000, 2000} {
		want = append(want, string(w.deliver("ann", "INBOX", size)[0]))
	}
	c := w.login("ann")
	c.ok("SELECT INBOX")
	for len(want) < 300 { // more than are read at a time
		c.ok("COPY 2:3 INBOX")
		want = append(want, want[1:3]...)
	}
	c.ok(`STORE 5,200 +FLAGS.SILENT (\Deleted)`)
	c.ok("EXPUNGE")
	want = slices.Delete(slices.Delete(want, 199, 200), 4, 5)

	lines := c.ok("FETCH 1:* BODY[]")
	if len(lines) != len(want) {
		t.Fatalf("got %d mails, want %d", len(lines), len(want))
	}
	for i, mail := range want {
		if expected := fmt.Sprintf(`* %d FETCH (FLAGS (\Seen) BODY[] %s)`, i+1, mail); lines[i] != expected {
			t.Errorf("mail %d: got %.60q, want %.60q", i+1, lines[i], expected)
		}
	}
	c.want("SEARCH UNSEEN", "* SEARCH")
	c.want("SEARCH LARGER 250000", "* SEARCH 1")
	c.want("SEARCH SUBJECT gsp LARGER 150000", "* SEARCH 1 4")
	c.want(fmt.Sprintf("UID SEARCH SENTSINCE 1-Jan-2026 HEADER Subject gsp UID %d:*", len(want)+1),
		fmt.Sprintf("* SEARCH %d %d", len(want)+1, len(want)+2))
}

// Empty lists are mistakes of the client (RFC 9051, section 9), which the
// library takes for nothing or for everything.
func TestEmptyListsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", 1000)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	for _, command := range []string{
		"FETCH 1 ()", "uid fetch 1 ( )", "FETCH 1 BODY.PEEK[HEADER.FIELDS ()]", "UID FETCH 1:* (FLAGS body[header.fields.not ()])",
	} {
		c.refused(command, "BAD [CLIENTBUG] an empty list")
	}
	c.ok("FETCH 1 (BODY.PEEK[HEADER.FIELDS (X)])")
}

// A header is read and folded once for all the words that are looked for in it.
func TestSearchOfManyWords(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "INBOX", slices.Repeat([]int{2000}, 200)...)
	c := w.login("ann")
	c.ok("SELECT INBOX")
	c.ok("SEARCH NOT TEXT zzz")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := c.ok("SEARCH" + strings.Repeat(" NOT TEXT zzz", 200))
	runtime.ReadMemStats(&after)
	if len(got) != 1 || !strings.HasSuffix(got[0], " 199 200") {
		t.Errorf("got %q, want all", got)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 { // 10 with the race detector
		t.Errorf("200 words in 200 messages: got %d octets of memory, want at most 16 MiB", took)
	}
}
