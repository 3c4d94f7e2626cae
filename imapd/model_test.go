package imapd_test

import (
	"fmt"
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
	messages []known
}

type known struct {
	uid   string // "" until told
	flags string // "?" until told
}

var (
	numbered = regexp.MustCompile(`^\* (\d+) (EXISTS|EXPUNGE|FETCH)`)
	uidItem  = regexp.MustCompile(`UID (\d+)`)
	flagItem = regexp.MustCompile(`FLAGS \(([^)]*)\)`)
)

func (w *world) mirror() *mirror {
	m := &mirror{client: w.login("ann")}
	m.play("SELECT INBOX")
	m.play("FETCH 1:* (UID FLAGS)")
	return m
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
		}
	}
}

// stands compares what the client knows with the store.
func (m *mirror) stands(w *world, history *[]string) {
	m.t.Helper()
	m.play("NOOP")
	delta, err := w.store.Since(w.t.Context(), w.box("ann", "INBOX").ID, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	var want []known
	for _, item := range delta.Changed {
		want = append(want, known{fmt.Sprint(item.UID), flagText(item)})
	}
	same := slices.EqualFunc(m.messages, want, func(got, want known) bool {
		return (got.uid == "" || got.uid == want.uid) && (got.flags == "?" || got.flags == want.flags)
	})
	if !same {
		m.t.Fatalf("client knows %v, store has %v, after\n%s", m.messages, want, strings.Join(*history, "\n"))
	}
	m.play("FETCH 1:* (UID FLAGS)")
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
		for _, item := range delta.Changed {
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

// act does something at random.
func (m *mirror) act(w *world, r *rand.Rand) string {
	n := 1 + r.IntN(max(1, len(m.messages)))
	flag := []string{`\Seen`, `\Answered`, `\Deleted`, "$Forwarded"}[r.IntN(4)]
	kind := []string{"", "UID "}[r.IntN(2)]
	command := ""
	switch r.IntN(14) {
	case 0, 1:
		w.deliver("ann", "INBOX", 1000+r.IntN(2000))
		return "deliver"
	case 10, 11:
		mail, _ := storetest.Mail(m.t, 1000)
		command = fmt.Sprintf("APPEND INBOX (%s) {%d+}\r\n%s", flag, len(mail.Raw()), mail.Raw())
		m.play(command)
		return "APPEND " + flag
	case 12:
		command = "IDLE\r\nDONE"
	case 13:
		command = fmt.Sprintf("UID EXPUNGE %d:*", n)
	case 2:
		command = fmt.Sprintf("%sSTORE %d +FLAGS (%s)", kind, n, flag)
	case 3:
		command = fmt.Sprintf("%sSTORE %d:* -FLAGS.SILENT (%s)", kind, n, flag)
		if len(m.messages) > 0 {
			// Silence leaves the client to work out the flags itself, unless it is told.
			defer func() { m.play("FETCH 1:* (UID FLAGS)") }()
		}
	case 4:
		command = "EXPUNGE"
	case 5:
		command = fmt.Sprintf("%sMOVE %d Archive", kind, n)
	case 6:
		command = fmt.Sprintf("%sCOPY %d INBOX", kind, n)
	case 7:
		command = fmt.Sprintf("%sFETCH %d:* (FLAGS UID BODY[HEADER])", kind, n)
	case 8:
		command = kind + "SEARCH NOT DELETED"
	default:
		command = "NOOP"
	}
	m.play(command)
	return command
}

// Three clients act at random, one after the other: each knows at any time
// what the store has.
func TestClientsKnowTheStore(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 5))
			mirrors := []*mirror{w.mirror(), w.mirror(), w.mirror()}
			var history []string
			for range 120 {
				i := r.IntN(len(mirrors))
				history = append(history, fmt.Sprintf("%d: %s", i, mirrors[i].act(w, r)))
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
	mirrors := []*mirror{w.mirror(), w.mirror(), w.mirror()}
	var wg sync.WaitGroup
	for i, m := range mirrors {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for range 80 {
				m.act(w, r)
			}
		})
	}
	wg.Wait()
	for _, m := range mirrors {
		m.stands(w, new([]string))
	}
}
