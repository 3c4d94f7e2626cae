package imapd_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/store/storetest"
)

// mirror is a mailbox as a client knows it from what it is told, and nothing
// else.
type mirror struct {
	*client
	login    string
	open     gsp.MailboxName
	readOnly bool
	messages []known
	keywords []string // and flags, that FLAGS told of
}

type known struct {
	uid   string // "" until told
	flags string // "?" until told
}

// mailboxes are those that the random clients open: their own, and one that
// both accounts share.
var mailboxes = map[string][]gsp.MailboxName{
	"ann": {{Owner: "ann", Name: "INBOX"}, {Owner: "ann", Name: "Archive"}, {Owner: "ke", Name: "INBOX"}},
	"bob": {{Owner: "bob", Name: "INBOX"}, {Owner: "ke", Name: "INBOX"}},
}

var (
	numbered = regexp.MustCompile(`^\* (\d+) (EXISTS|EXPUNGE|FETCH)`)
	uidItem  = regexp.MustCompile(`UID (\d+)`)
	flagItem = regexp.MustCompile(`FLAGS \(([^)]*)\)`)
)

// mirrors are two clients of ann and one of bob, who may do all with what they
// share.
func (w *world) mirrors() []*mirror {
	w.grant("ann", all)
	w.grant("bob", all)
	var list []*mirror
	for _, login := range []string{"ann", "ann", "bob"} {
		m := &mirror{client: w.login(login), login: login}
		m.enter("SELECT", mailboxes[login][0])
		list = append(list, m)
	}
	return list
}

// named returns how the client's account calls a mailbox.
func (m *mirror) named(box gsp.MailboxName) string {
	if box.Owner == m.login {
		return box.Name
	}
	return "Authority/" + box.Owner + "/" + box.Name
}

// enter opens a mailbox by SELECT or EXAMINE.
func (m *mirror) enter(command string, box gsp.MailboxName) {
	m.open, m.readOnly, m.messages, m.keywords = box, command == "EXAMINE", nil, nil
	m.play(command + " " + m.named(box))
	if len(m.messages) > 0 {
		m.play("FETCH 1:* (UID FLAGS)")
	}
}

// play sends a command and learns from its answer, as RFC 9051 tells clients to.
func (m *mirror) play(command string) string {
	m.t.Helper()
	lines, result := m.do(command)
	for _, line := range lines {
		m.learn(command, line)
	}
	return result
}

func (m *mirror) learn(command, line string) {
	m.t.Helper()
	if flags, ok := strings.CutPrefix(line, "* FLAGS ("); ok {
		m.keywords = strings.Fields(strings.TrimSuffix(flags, ")"))
	}
	match := numbered.FindStringSubmatch(line)
	if match == nil {
		return
	}
	n, _ := strconv.Atoi(match[1])
	switch {
	case match[2] == "EXISTS":
		if n < len(m.messages) {
			m.t.Fatalf("%s: EXISTS %d after %d messages", command, n, len(m.messages))
		}
		for len(m.messages) < n {
			m.messages = append(m.messages, known{flags: "?"})
		}
	case n < 1 || n > len(m.messages):
		m.t.Fatalf("%s: %q with %d messages", command, line, len(m.messages))
	case match[2] == "EXPUNGE":
		if word, _, _ := strings.Cut(command, " "); word == "FETCH" || word == "STORE" || word == "SEARCH" {
			m.t.Fatalf("%s: EXPUNGE during a command by number", command)
		}
		m.messages = slices.Delete(m.messages, n-1, n)
	default:
		k := &m.messages[n-1]
		if uid := uidItem.FindStringSubmatch(line); uid != nil {
			if k.uid != "" && k.uid != uid[1] {
				m.t.Fatalf("%s: %q, but message %d was UID %s", command, line, n, k.uid)
			}
			k.uid = uid[1]
		}
		if flags := flagItem.FindStringSubmatch(line); flags != nil {
			k.flags = flags[1]
			for _, flag := range strings.Fields(flags[1]) {
				if !slices.Contains(m.keywords, flag) {
					m.t.Fatalf("%s: %q, but FLAGS told of %v only", command, line, m.keywords)
				}
			}
		}
	}
}

// stored returns the flags of the messages in the open mailbox, by UID.
func (m *mirror) stored(w *world) (items []gsp.Item, flags map[string]string) {
	m.t.Helper()
	delta, err := w.store.Since(w.t.Context(), w.box(m.open.Owner, m.open.Name).ID, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	flags = make(map[string]string)
	for _, item := range delta.Changed {
		flags[fmt.Sprint(item.UID)] = flagText(item)
	}
	return delta.Changed, flags
}

// stands compares what the client knows with the store.
func (m *mirror) stands(w *world, history *[]string) {
	m.t.Helper()
	m.play("NOOP")
	items, _ := m.stored(w)
	var want []known
	for _, item := range items {
		want = append(want, known{fmt.Sprint(item.UID), flagText(item)})
	}
	same := slices.EqualFunc(m.messages, want, func(got, want known) bool {
		return (got.uid == "" || got.uid == want.uid) && (got.flags == "?" || got.flags == want.flags)
	})
	if !same {
		m.t.Fatalf("client knows %v, store has %v, after\n%s", m.messages, want, strings.Join(*history, "\n"))
	}
	if len(want) > 0 {
		m.play("FETCH 1:* (UID FLAGS)")
	}
	if !slices.Equal(m.messages, want) {
		m.t.Fatalf("client fetched %v, store has %v, after\n%s", m.messages, want, strings.Join(*history, "\n"))
	}
	for keys, means := range map[string]func(gsp.Item) bool{
		"DELETED":            func(i gsp.Item) bool { return i.Flags&gsp.Deleted != 0 },
		"ANSWERED UNSEEN":    func(i gsp.Item) bool { return i.Flags&(gsp.Answered|gsp.Seen) == gsp.Answered },
		"KEYWORD $Forwarded": func(i gsp.Item) bool { return slices.Contains(i.Keywords, "$Forwarded") },
		"NOT SMALLER 2000":   func(i gsp.Item) bool { return i.Size >= 2000 },
	} {
		want := "* SEARCH"
		for _, item := range items {
			if means(item) {
				want += fmt.Sprint(" ", item.UID)
			}
		}
		if got := m.ok("UID SEARCH " + keys); !slices.Equal(got, []string{want}) {
			m.t.Fatalf("UID SEARCH %s: got %q, want %q, after\n%s", keys, got, want, strings.Join(*history, "\n"))
		}
	}
}

func flagText(item gsp.Item) string {
	var words []string
	for i, name := range []string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`} {
		if item.Flags&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	return strings.Join(append(words, item.Keywords...), " ")
}

// act does something at random. Where nobody else acts, the store must have
// changed by what the command says of the messages that the client meant, and
// by nothing else.
func (m *mirror) act(w *world, r *rand.Rand, alone bool) string {
	boxes := mailboxes[m.login]
	box := boxes[r.IntN(len(boxes))]
	n := 1 + r.IntN(max(1, len(m.messages)))
	flag := []string{`\Seen`, `\Answered`, `\Deleted`, "$Forwarded", "Urgent"}[r.IntN(5)]
	kind := []string{"", "UID "}[r.IntN(2)]
	command := ""
	switch r.IntN(17) {
	case 0, 1:
		w.deliver(box.Owner, box.Name, 1000+r.IntN(2000))
		return "deliver to " + box.Owner
	case 2, 3:
		mail, _ := storetest.Mail(m.t, 1000)
		m.play(fmt.Sprintf("APPEND %s (%s) {%d+}\r\n%s", m.named(box), flag, len(mail.Raw()), mail.Raw()))
		return "APPEND " + m.named(box) + " " + flag
	case 4, 5:
		command = []string{"SELECT", "SELECT", "EXAMINE"}[r.IntN(3)]
		m.enter(command, box)
		return command + " " + m.named(box)
	case 6:
		command = fmt.Sprintf("UID EXPUNGE %d:*", n)
	case 7:
		command = fmt.Sprintf("%sSTORE %d +FLAGS (%s)", kind, n, flag)
	case 8:
		command = fmt.Sprintf("%sSTORE %d:* -FLAGS.SILENT (%s)", kind, n, flag)
		if len(m.messages) > 0 {
			// Silence leaves the client to work out the flags itself, unless it is told.
			defer func() { m.play("FETCH 1:* (UID FLAGS)") }()
		}
	case 9:
		command = "EXPUNGE"
	case 10:
		command = fmt.Sprintf("%sMOVE %d %s", kind, n, m.named(box))
	case 11:
		command = fmt.Sprintf("%sCOPY %d %s", kind, n, m.named(box))
	case 12:
		command = fmt.Sprintf("%sFETCH %d:* (FLAGS UID BODY[HEADER])", kind, n)
	case 13:
		command = kind + "SEARCH NOT DELETED"
	case 14:
		command = "IDLE\r\nDONE"
	default:
		command = "NOOP"
	}
	_, before := m.stored(w)
	meant := ""
	if kind == "" && n <= len(m.messages) {
		meant = m.messages[n-1].uid
	}
	result := m.play(command)
	if alone {
		_, after := m.stored(w)
		m.judge(command, result, meant, flag, before, after)
	}
	return command
}

// judge says what a command has done that it should not have, or not done.
// before and after are what the store had; meant is the UID of the message
// that it named by number, "" for another kind of command.
func (m *mirror) judge(command, result, meant, flag string, before, after map[string]string) {
	m.t.Helper()
	verb, _, _ := strings.Cut(strings.TrimPrefix(command, "UID "), " ")
	changes := verb == "STORE" || verb == "EXPUNGE" || verb == "MOVE"
	switch {
	case m.readOnly && changes && !strings.HasPrefix(result, "NO [NOPERM] read-only: "):
		m.t.Fatalf("%s after EXAMINE: got %q", command, result)
	case (m.readOnly || verb == "SEARCH" || verb == "NOOP") && verb != "COPY" && !maps.Equal(before, after):
		m.t.Fatalf("%s: the store had %v and has %v", command, before, after)
	case m.readOnly || !has(before, meant):
		return
	case verb == "MOVE" && has(after, meant):
		m.t.Fatalf("%s: message %s is still there", command, meant)
	case strings.Contains(command, " +FLAGS ") && !slices.Contains(strings.Fields(after[meant]), flag):
		m.t.Fatalf("%s: message %s has %q", command, meant, after[meant])
	}
	if verb != "MOVE" && !strings.Contains(command, " +FLAGS ") {
		return
	}
	for uid, flags := range before {
		if uid != meant && (!has(after, uid) || after[uid] != flags) {
			m.t.Fatalf("%s means %s, but changed %s from %q to %q", command, meant, uid, flags, after[uid])
		}
	}
}

func has(messages map[string]string, uid string) bool { _, ok := messages[uid]; return ok }

// Three clients of two accounts act at random, one after the other, in
// mailboxes of their own and in a shared one: each knows at any time what the
// store has.
func TestClientsKnowTheStore(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 5))
			mirrors := w.mirrors()
			var history []string
			for range 200 {
				i := r.IntN(len(mirrors))
				history = append(history, fmt.Sprintf("%d: %s", i, mirrors[i].act(w, r, true)))
				if r.IntN(3) == 0 {
					mirrors[i].stands(w, &history)
				}
			}
			for _, m := range mirrors {
				m.stands(w, &history)
			}
		})
	}
}

// The same all at once: at the end all know the same.
func TestClientsAtOnceKnowTheStore(t *testing.T) {
	w := newWorld(t)
	mirrors := w.mirrors()
	var wg sync.WaitGroup
	for i, m := range mirrors {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for range 150 {
				m.act(w, r, false)
			}
		})
	}
	wg.Wait()
	for _, m := range mirrors {
		m.stands(w, new([]string))
	}
}

// A keyword that another client has just set is in FLAGS before it stands on a
// message, also while a long FETCH reads.
func TestKeywordsAreKnownBeforeTheyAreMet(t *testing.T) {
	w := newWorld(t)
	w.fill(500, 1000)
	m, other := &mirror{client: w.login("ann"), login: "ann"}, w.login("ann")
	m.enter("SELECT", mailboxes["ann"][0])
	other.ok("SELECT INBOX")
	var setting sync.WaitGroup
	defer setting.Wait()
	setting.Go(func() {
		for i := range 60 {
			other.ok(fmt.Sprintf("STORE 1:* +FLAGS.SILENT (Urgent%d)", i))
		}
	})
	for range 30 {
		m.play("FETCH 1:* (UID FLAGS)")
	}
}

// The session does not look at a message that comes. A keyword that it came with
// is in FLAGS before the answer to STORE shows it.
func TestKeywordsOfWhatCameAreKnown(t *testing.T) {
	w := newWorld(t)
	w.deliver("ann", "Archive", 1000)
	m, other := &mirror{client: w.login("ann"), login: "ann"}, w.login("ann")
	m.enter("SELECT", mailboxes["ann"][0])
	other.ok("SELECT Archive")
	other.ok("STORE 1 +FLAGS.SILENT (Urgent)")
	other.ok("COPY 1 INBOX")
	m.play("NOOP")
	m.play(`STORE 1 -FLAGS (\Flagged)`) // changes nothing, so nothing is read anew
}
