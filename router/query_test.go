package router_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/notice"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

// twins is a library whose two Parties cannot be told apart.
const twins = `
name = "twins"
version = 9
issued = 2026-11-01
[[entry]]
id = "ke-stamp"
party = "ke"
title = "a stamp of Kenya"
pattern = '"TW" serial:N10'
evidence = "synthetic"
source = "test"
note = "Look for the coat of arms."
samples = ["TW0123456789"]
[[entry]]
id = "gb-stamp"
party = "gb"
title = "a stamp of the United Kingdom"
pattern = '"TW" serial:N10'
evidence = "synthetic"
source = "test"
samples = ["TW0123456789"]
[[entry]]
id = "fr-stamp"
party = "fr"
title = "a stamp of France"
pattern = '"FRA" serial:N10'
evidence = "synthetic"
source = "test"
samples = ["FRA0123456789"]
`

// speak gives an account a language.
func (h *house) speak(login string, l gsp.Language) {
	h.t.Helper()
	a := h.account(login)
	a.Language = l
	_, err := h.office.Registry.Update(h.t.Context(), func(*registry.Snapshot) (gsp.Change, error) {
		return gsp.Change{Accounts: []gsp.Account{a}}, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// question is a readable mail to an address that answers by itself.
type question struct {
	by     string
	to     []string
	id     string   // Message-ID, "" for none
	header []string // further header lines
	null   bool     // sent with the null reverse-path
}

// ask submits a question.
func (h *house) ask(q question) (gsp.Receipt, error) {
	h.t.Helper()
	lines := []string{"From: " + q.by + "@" + domain, "Date: " + h.now.Format(time.RFC1123Z)}
	if q.id != "" {
		lines = append(lines, "Message-ID: "+q.id)
	}
	lines = append(append(lines, q.header...), "Content-Type: text/plain", "", "The whole code is "+kenyan+".", "")
	s := gsp.Submission{Account: h.account(q.by), Sender: address(q.by), Raw: []byte(strings.Join(lines, "\r\n")), At: h.now}
	if q.null {
		s.Sender = gsp.Address{}
	}
	for _, local := range q.to {
		s.Recipients = append(s.Recipients, address(local))
	}
	return h.Submit(h.t.Context(), s)
}

// answered submits a question and opens the answer.
func (h *house) answered(q question) (client.Opened, gsp.Receipt) {
	h.t.Helper()
	receipt, err := h.ask(q)
	if err != nil {
		h.t.Fatalf("ask %s: %v", q.to[0], err)
	}
	if !receipt.Answered {
		h.t.Errorf("receipt: got %+v, want it answered", receipt)
	}
	return h.newest(q.by), receipt
}

// newest opens the last mail in the INBOX of an account or a Party.
func (h *house) newest(owner string) client.Opened {
	h.t.Helper()
	mails := h.inbox(owner)
	if len(mails) == 0 {
		h.t.Fatalf("inbox of %s: got no mail", owner)
	}
	o, err := client.Open([]byte(mails[len(mails)-1]), []*keyring.Key{h.keys[owner]}, nil)
	if err != nil {
		h.t.Fatalf("open the newest mail of %s: %v", owner, err)
	}
	return o
}

func attached(t *testing.T, o client.Opened, name string) client.Attachment {
	t.Helper()
	i := slices.IndexFunc(o.Attachments, func(a client.Attachment) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("attachments: got %d, want one called %s", len(o.Attachments), name)
	}
	return o.Attachments[i]
}

// An officer writes the code into a readable mail; the answer tells the Party,
// its address and key and the line to paste, and can be opened by nobody else.
func TestResolveAnswersByMail(t *testing.T) {
	for language, says := range map[gsp.Language]struct{ subject, party string }{
		gsp.English: {"Answer: whose these codes are", "Party to ask: KE (Kenya)"},
		gsp.Arabic:  {"الجواب: لمن هذه الرموز", "الطرف الذي يُسأل: \u2068KE (Kenya)\u2069"},
	} {
		t.Run(string(language), func(t *testing.T) {
			h := newHouse(t)
			h.speak("fr1", language)
			o, receipt := h.answered(question{
				by: "fr1", to: []string{"resolve"}, id: "<question@client.example>",
				header: []string{`GSP-UIM: "` + kenyan + `", "KE730214478";n=899`, "References: <before@client.example>"},
			})

			if o.Subject != says.subject || !strings.Contains(o.Text, says.party) {
				t.Errorf("got subject %q, text\n%s\nwant %q and %q", o.Subject, o.Text, says.subject, says.party)
			}
			ke, err := h.keys["ke"].Cert()
			if err != nil {
				t.Fatal(err)
			}
			const line = "\nGSP-UIM: \"KE7########\";n=900;level=unit\n"
			for _, want := range []string{"ke@gsp.example", ke.Fingerprint(), line, "\n[uim KE7######## n=900 level=unit]\n"} {
				if !strings.Contains(o.Text, want) {
					t.Errorf("text: got\n%s\nwant %q in it", o.Text, want)
				}
			}
			key := attached(t, o, "ke.asc")
			if cert, err := pgpcert.Read(key.Body, address("ke"), h.now); err != nil || cert.Fingerprint() != ke.Fingerprint() || key.Type != "application/pgp-keys" {
				t.Errorf("key attached: got %s %v, %v, want that of ke@", key.Type, cert, err)
			}
			if table := string(attached(t, o, "resolve.json").Body); !strings.Contains(table, `"address": "ke@gsp.example"`) {
				t.Errorf("table: got %s, want the address", table)
			}
			if strings.Contains(o.Text+string(attached(t, o, "resolve.json").Body), "30214477") {
				t.Error("the answer holds a whole code")
			}

			stored := h.inbox("fr1")[0]
			for name, want := range map[string]string{
				"From": "<resolve@gsp.example>", "To": "<fr1@gsp.example>", "Auto-Submitted": "auto-replied", "Subject": "GSP notice",
				"In-Reply-To": "<question@client.example>", "References": "<before@client.example> <question@client.example>",
			} {
				if got := field(stored, name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if _, err := client.Open([]byte(stored), []*keyring.Key{h.keys["ke"]}, nil); err == nil {
				t.Error("the answer can be opened by ke@ too")
			}
			want := gsp.Event{
				ID: receipt.Event, At: h.now, Kind: gsp.QueryAnswered, Party: "fr", Account: h.account("fr1").ID, Mail: receipt.Mail,
			}
			got := h.lastEvent()
			if want.Library = got.Library; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Errorf("event: got %+v, want %+v", got, want)
			}
		})
	}
}

// The line of the answer is one that the gateway takes.
func TestTheLineOfAnAnswerAsksTheParty(t *testing.T) {
	h := newHouse(t)
	o, _ := h.answered(question{by: "fr1", to: []string{"resolve"}, header: []string{"Subject: [uim " + kenyan + "]"}})
	for line := range strings.SplitSeq(o.Text, "\n") {
		if strings.HasPrefix(line, "GSP-UIM: ") {
			if e := h.accepted(draft{by: "fr1", to: []string{"ke"}, header: []string{line}}); e.UIMs != 1 {
				t.Errorf("event: got %d UIMs, want 1", e.UIMs)
			}
			return
		}
	}
	t.Errorf("got\n%s\nwant a line for the header", o.Text)
}

// What is not clear is told, ranked, with a line for each Party.
func TestResolveTellsWhatIsNotClear(t *testing.T) {
	h := newHouse(t)
	run(h, admin.LibraryImport, admin.NewLibrary{File: "twins", Text: []byte(twins)})
	for _, test := range []struct{ code, want string }{
		{"TW##########", "Several patterns fit; the one with most evidence comes first."},
		{"TW##########", "2. KE (Kenya): a stamp of Kenya."},
		{"TW##########", `GSP-UIM: "TW##########";n=3;party=gb`},
		{"TW##########", "What tells the first two apart: "},
		{"FRA012345678", "It is nearly: a stamp of France. Characters are missing at the end."},
		{"fra0123456789", "It would be: a stamp of France, in capital letters."},
		{"nothing", "No pattern fits."},
	} {
		o, _ := h.answered(question{by: "gb1", to: []string{"resolve"}, header: []string{`GSP-UIM: "` + test.code + `";n=3`}})
		if !strings.Contains(o.Text, test.want) {
			t.Errorf("%s: got\n%s\nwant %q in it", test.code, o.Text, test.want)
		}
	}
}

// Every kind of answer can be written in every language.
func TestAnswersInAllLanguages(t *testing.T) {
	h := newHouse(t)
	codes := `"nothing", "7501031311309", "KE73021447", "ke730214477"`
	library, _ := h.Roll().Library()
	for _, e := range library.Entries() {
		codes += `, "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(e.Samples[0]) + `"`
	}
	sizes := map[gsp.Language]int{}
	for _, l := range gsp.Languages {
		h.speak("fr1", l)
		o, _ := h.answered(question{by: "fr1", to: []string{"resolve"}, header: []string{"GSP-UIM: " + codes}})
		if i := strings.IndexAny(o.Text+o.Subject, "{}"); i >= 0 {
			t.Errorf("%s: got\n%s\nwant all names filled in", l, o.Text)
		}
		sizes[l] = strings.Count(o.Text, "\n")
	}
	for l, lines := range sizes {
		if lines != sizes[gsp.English] {
			t.Errorf("%s: got %d lines, want %d as in English", l, lines, sizes[gsp.English])
		}
	}
}

func TestAQuestionIsAnsweredOnce(t *testing.T) {
	for _, to := range []string{"resolve", "library"} {
		h := newHouse(t)
		q := question{by: "fr1", to: []string{to}, id: "<question@client.example>", header: []string{`GSP-UIM: "` + kenyan + `"`}}
		_, first := h.answered(q)
		_, again := h.answered(q)
		if got := len(h.inbox("fr1")); got != 1 || !again.Earlier || again.Event != first.Event {
			t.Errorf("%s@ asked again: got %d answers, receipt %+v, want 1 and that of %+v", to, got, again, first)
		}
		q.id = "<another@client.example>"
		if h.answered(q); len(h.inbox("fr1")) != 2 {
			t.Errorf("%s@ asked anew: got %d answers, want 2", to, len(h.inbox("fr1")))
		}
		h.now = h.now.Add(time.Minute) // of a program that numbers its mails anew at each start
		if h.answered(q); len(h.inbox("fr1")) != 3 {
			t.Errorf("%s@ asked later by the same Message-ID: got %d answers, want 3", to, len(h.inbox("fr1")))
		}
	}
}

func TestQuestionsThatAreRefused(t *testing.T) {
	h := newHouse(t)
	run(h, admin.AccountAdd, admin.NewAccount{Login: "keyless.fr", Party: "fr"})
	run(h, admin.AccountAdd, admin.NewAccount{Login: "admin.fr", Party: "fr", Roles: []string{"administrator"}})
	h.publish("admin.fr")
	uim := `GSP-UIM: "` + kenyanMask + `"`
	for _, test := range []struct {
		name string
		q    question
		want gsp.Reason
	}{
		{"beside a Party", question{by: "fr1", to: []string{"resolve", "ke"}, header: []string{uim}}, gsp.SoleRecipient},
		{"beside route@", question{by: "fr1", to: []string{"route", "library"}, header: []string{uim}}, gsp.SoleRecipient},
		{"both", question{by: "fr1", to: []string{"resolve", "library"}, header: []string{uim}}, gsp.SoleRecipient},
		{"no UIM", question{by: "fr1", to: []string{"resolve"}}, gsp.NoUIM},
		{"no UIM in the subject", question{by: "fr1", to: []string{"resolve"}, header: []string{"Subject: " + kenyan}}, gsp.NoUIM},
		{"broken UIM", question{by: "fr1", to: []string{"resolve"}, header: []string{"GSP-UIM: KE7"}}, gsp.BrokenUIM},
		{"broken tag", question{by: "fr1", to: []string{"resolve"}, header: []string{"Subject: [uim KE7 count=2]"}}, gsp.BrokenUIM},
		{"automatic", question{by: "fr1", to: []string{"resolve"}, header: []string{uim, "Auto-Submitted: auto-replied"}}, gsp.Automatic},
		{"automatic, to library@", question{by: "fr1", to: []string{"library"}, header: []string{"Auto-Submitted: auto-generated"}}, gsp.Automatic},
		{"automatic, of a system", question{by: "robot.fr", to: []string{"library"}, header: []string{"Auto-Submitted: auto-notified"}}, gsp.Automatic},
		{"null sender", question{by: "fr1", to: []string{"library"}, null: true}, gsp.Automatic},
		{"another's name", question{by: "fr1", to: []string{"library"}, header: []string{"Sender: ke1@" + domain}}, gsp.WrongSender},
		{"no key", question{by: "keyless.fr", to: []string{"resolve"}, header: []string{uim}}, gsp.NoKey},
		{"no role", question{by: "admin.fr", to: []string{"resolve"}, header: []string{uim}}, gsp.NotAllowed},
		{"two Subjects", question{by: "fr1", to: []string{"library"}, header: []string{"Subject: a", "Subject: b"}}, gsp.DuplicateHeader},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(h.inbox(test.q.by))
			_, err := h.ask(test.q)
			if got := reason(err); got != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if e := h.lastEvent(); e.Kind != gsp.MailRefused || e.Reason != test.want {
				t.Errorf("event: got %+v, want %s", e, test.want)
			}
			if got := len(h.inbox(test.q.by)); got != before {
				t.Errorf("got %d new mails, want none", got-before)
			}
		})
	}
	if _, err := h.ask(question{by: "admin.fr", to: []string{"library"}}); err != nil {
		t.Errorf("library@ asked by an administrator: got %v, want an answer", err)
	}
	if _, err := h.ask(question{by: "robot.fr", to: []string{"library"}, header: []string{"Auto-Submitted: no"}}); err != nil {
		t.Errorf("library@ asked by a system: got %v, want an answer", err)
	}
}

func TestMasksOnlyHoldsForQuestionsToo(t *testing.T) {
	h := newHouse(t)
	h.MasksOnly = true
	_, err := h.ask(question{by: "fr1", to: []string{"resolve"}, header: []string{`GSP-UIM: "` + kenyan + `"`}})
	if reason(err) != gsp.UnmaskedUIM || !strings.Contains(err.(*gsp.Refusal).Remedy, kenyanMask) {
		t.Errorf("whole: got %v, want %s with the mask", err, gsp.UnmaskedUIM)
	}
	h.answered(question{by: "fr1", to: []string{"resolve"}, header: []string{`GSP-UIM: "` + kenyanMask + `"`}})
}

// A question may be sealed, for whomever: only its header is read.
func TestASealedQuestionIsAnswered(t *testing.T) {
	h := newHouse(t)
	receipt, err := h.submit(draft{by: "ke1", to: []string{"resolve"}, sealed: []string{"ke1"}, header: []string{`X-GSP-UIM: "` + kenyanMask + `"`}})
	if err != nil || !receipt.Answered {
		t.Fatalf("got %+v, %v, want an answer", receipt, err)
	}
	if o := h.newest("ke1"); !strings.Contains(o.Text, "ke@"+domain) {
		t.Errorf("got %s, want the address", o.Text)
	}
}

func TestLibraryAnswersByMail(t *testing.T) {
	for language, says := range map[gsp.Language]string{
		gsp.English: "KE (Kenya): ke@gsp.example, key ",
		gsp.Arabic:  "\u2068KE (Kenya)\u2069: \u2068ke@gsp.example\u2069، المفتاح \u2068",
	} {
		h := newHouse(t)
		h.speak("fr1", language)
		o, _ := h.answered(question{by: "fr1", to: []string{"library"}})
		if !strings.Contains(o.Text, says) {
			t.Errorf("%s: got\n%s\nwant %q in it", language, o.Text, says)
		}
		force := h.Roll().LibraryText()
		if got := attached(t, o, fmt.Sprintf("gsp-library-%d.toml", force.Version)); string(got.Body) != string(force.Text) {
			t.Errorf("%s: the library attached is not the one in force", language)
		}
		ke, err := h.keys["ke"].Cert()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(attached(t, o, "competent-authorities.csv").Body), "\r\nke,Kenya,,ke@gsp.example,"+ke.Fingerprint()+"\r\n"; !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q in it", language, got, want)
		}
		if got := string(attached(t, o, "competent-authorities.json").Body); !strings.Contains(got, `"region": "eu"`) {
			t.Errorf("%s: got %s, want the region of France", language, got)
		}
	}
}

// A signed library comes with its signature and the key to check it by.
func TestLibraryComesSigned(t *testing.T) {
	h := newHouse(t)
	h.publish(registry.SecretariatLocal)
	text := []byte(twins)
	signature, err := h.keys[registry.SecretariatLocal].Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	run(h, admin.LibraryImport, admin.NewLibrary{File: "twins", Text: text, Signature: signature})
	o, _ := h.answered(question{by: "fr1", to: []string{"library"}})
	cert, err := pgpcert.Read(attached(t, o, "secretariat.asc").Body, address(registry.SecretariatLocal), h.now)
	if err != nil {
		t.Fatal(err)
	}
	library, signed := attached(t, o, "gsp-library-9.toml"), attached(t, o, "gsp-library-9.toml.asc")
	if err := cert.CheckDetached(library.Body, signed.Body, h.now); err != nil {
		t.Errorf("signature: got %v, want a good one", err)
	}
	if !strings.Contains(o.Text, "gpg --verify gsp-library-9.toml.asc gsp-library-9.toml") {
		t.Errorf("got\n%s\nwant the command that checks it", o.Text)
	}
}

// The keys of all Parties come with it as one file that the gateway has signed.
func TestLibraryComesWithTheKeysOfAllParties(t *testing.T) {
	h := takesKeys(t)
	gateway := h.Keys
	file := pgpcert.Armor([]byte("all keys"))
	signature, err := gateway.Sign(file, h.now)
	if err != nil {
		t.Fatal(err)
	}
	ring := gsp.Keyring{
		Binary: gsp.SignedFile{Bytes: []byte("all keys")}, Armoured: gsp.SignedFile{Bytes: file, Signature: signature},
		Signer: gateway.Cert().Fingerprint(),
	}
	h.Parties = func() (gsp.Keyring, error) { return ring, nil }
	for _, language := range gsp.Languages {
		h.speak("fr1", language)
		o, _ := h.answered(question{by: "fr1", to: []string{"library"}})
		signer, err := pgpcert.Read(attached(t, o, "keys.asc").Body, address(registry.KeysLocal), h.now)
		if err != nil {
			t.Fatal(err)
		}
		keys, signed := attached(t, o, "parties.asc"), attached(t, o, "parties.asc.sig")
		if err := signer.CheckDetached(keys.Body, signed.Body, h.now); err != nil || string(keys.Body) != string(file) {
			t.Errorf("%s: signature: got %v, want a good one", language, err)
		}
		for _, says := range []string{"gpg --verify parties.asc.sig parties.asc", signer.Fingerprint()} {
			if !strings.Contains(o.Text, says) {
				t.Errorf("%s: got\n%s\nwant %q in it", language, o.Text, says)
			}
		}
	}
}

func TestANoticeComesOnce(t *testing.T) {
	h := newHouse(t)
	e := h.accepted(draft{by: "fr1", to: []string{"ke"}, id: "<ask@client.example>"})
	c := gsp.Case{ID: e.Case, Requester: "fr", Asked: []gsp.PartyID{"ke"}, Opened: h.now, Waiting: []gsp.PartyID{"ke"}}
	notices := notice.Unanswered(h.Roll(), c, 1, 14)
	at := h.now.Add(14 * 24 * time.Hour)
	for range 2 {
		for _, n := range notices {
			if _, err := h.Notify(t.Context(), n, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := h.inbox("fr"); len(got) != 1 {
		t.Fatalf("inbox of fr@: got %d mails, want 1", len(got))
	}
	if got := h.inbox("ke"); len(got) != 2 { // the request and the notice
		t.Fatalf("inbox of ke@: got %d mails, want 2", len(got))
	}
	stored := h.inbox("fr")[0]
	for name, want := range map[string]string{
		"From": "<postmaster@gsp.example>", "Auto-Submitted": "auto-generated", "Subject": "GSP notice " + string(e.Case),
		"GSP-Type": "notice", "GSP-Case": `"` + string(e.Case) + `"`,
	} {
		if got := field(stored, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if o := h.newest("fr"); !strings.Contains(o.Text, "An answer is still to come from: KE (Kenya)") {
		t.Errorf("got\n%s\nwant who has not answered", o.Text)
	}
	if got := h.lastEvent(); got.Kind != gsp.NoticeSent || got.Party != "ke" || got.Case != e.Case {
		t.Errorf("event: got %+v, want a notice to ke", got)
	}

	// Who turns the notice into a reminder is in its case; an answer to it settles
	// nothing.
	answers := "In-Reply-To: " + field(stored, "Message-ID")
	if got := h.accepted(draft{by: "fr1", to: []string{"ke"}, header: []string{answers}}); got.Type != gsp.FollowUp || got.Case != e.Case {
		t.Errorf("to ke@: got a %s in case %q, want a follow-up in %s", got.Type, got.Case, e.Case)
	}
	h.publish(registry.PostmasterLocal)
	if got := h.accepted(draft{by: "fr1", to: []string{"postmaster"}, header: []string{answers}}); got.Type != gsp.Notice {
		t.Errorf("to postmaster@: got a %s, want a notice", got.Type)
	}
	if waiting, err := h.store.PendingCases(t.Context(), gsp.Case{}, at, 10); err != nil || len(waiting) != 1 || waiting[0].ID != e.Case {
		t.Errorf("got pending cases %+v, %v, want %s", waiting, err, e.Case)
	}
}
