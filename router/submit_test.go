package router_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
)

// A whole Kenyan code and its mask in the shipped library.
const (
	kenyan     = "KE730214477"
	kenyanMask = "KE7########"
)

func TestRequestFindsItsPartyAndIsMasked(t *testing.T) {
	h := newHouse(t)
	e := h.accepted(draft{
		by: "fr1", to: []string{"route"}, sealed: []string{"fr1", "ke"},
		header: []string{`GSP-UIM: "` + kenyan + `", "KE730214478";n=2;level=unit`},
	})
	if e.Type != gsp.Request || e.Party != "fr" || len(e.Peers) != 1 || e.Peers[0] != "ke" || e.UIMs != 3 {
		t.Errorf("event: got %+v, want a request from fr to ke with 3 UIMs", e)
	}
	if !strings.Contains(string(e.Case), "-KE-") {
		t.Errorf("case: got %q, want one that names KE", e.Case)
	}
	mails := h.inbox("ke")
	if len(mails) != 1 {
		t.Fatalf("inbox of ke: got %d mails, want 1", len(mails))
	}
	if strings.Contains(mails[0], "0214477") {
		t.Error("the stored mail shows a whole UIM")
	}
	if got := field(mails[0], "GSP-UIM"); !strings.Contains(got, kenyanMask) || !strings.Contains(got, "n=3") {
		t.Errorf("GSP-UIM: got %q, want the mask with n=3", got)
	}
	if got := field(mails[0], "To"); !strings.Contains(got, "ke@") || strings.Contains(got, "route@") {
		t.Errorf("To: got %q, want ke@ in the place of route@", got)
	}
	if got := field(mails[0], "Subject"); got != "GSP request "+string(e.Case) {
		t.Errorf("Subject: got %q, want type and case", got)
	}
}

func TestReplyAndFollowUpStayInTheCase(t *testing.T) {
	h := newHouse(t)
	request := h.accepted(draft{
		by: "fr1", to: []string{"ke"}, id: "<ask@client.example>", header: []string{`X-GSP-UIM: "` + kenyanMask + `";n=900`},
	})
	reply := h.accepted(draft{
		by: "ke1", to: []string{"fr1"}, id: "<answer@client.example>", header: []string{"In-Reply-To: <ask@client.example>"},
	})
	followUp := h.accepted(draft{
		by: "fr1", to: []string{"ke"}, header: []string{"References: <ask@client.example> <answer@client.example>"},
	})
	byNumber := h.accepted(draft{
		by: "ke1", to: []string{"fr1"}, header: []string{`GSP-Case: "` + strings.ToLower(string(request.Case)) + `"`, "GSP-Type: partial-reply"},
	})
	for _, tt := range []struct {
		e    gsp.Event
		want gsp.Type
	}{{request, gsp.Request}, {reply, gsp.Reply}, {followUp, gsp.FollowUp}, {byNumber, gsp.PartialReply}} {
		if tt.e.Type != tt.want || tt.e.Case != request.Case {
			t.Errorf("got %s in case %s, want %s in %s", tt.e.Type, tt.e.Case, tt.want, request.Case)
		}
	}
}

func TestForwardedQuestionOpensANewCase(t *testing.T) {
	h := newHouse(t)
	first := h.accepted(draft{by: "fr1", to: []string{"ke"}, id: "<ask@client.example>"})
	second := h.accepted(draft{by: "fr1", to: []string{"gb"}, header: []string{"References: <ask@client.example>"}})
	if second.Type != gsp.Request || second.Case == first.Case {
		t.Errorf("got %s in %s, want a request in a case other than %s", second.Type, second.Case, first.Case)
	}
}

func TestMailWithinAPartyIsANotice(t *testing.T) {
	h := newHouse(t)
	e := h.accepted(draft{by: "fr1", to: []string{"fr"}})
	if e.Type != gsp.Notice || e.Case != "" {
		t.Errorf("got %s in case %q, want a notice in none", e.Type, e.Case)
	}
}

// plain is the body of a mail that nobody sealed.
var plain = []byte("Content-Type: text/plain\r\n\r\nWhen were these packs made?\r\n")

func TestRefusals(t *testing.T) {
	h := newHouse(t)
	ours := h.accepted(draft{by: "fr1", to: []string{"ke"}, id: "<ours@client.example>"})
	uim := func(s string) []string { return []string{"GSP-UIM: " + s} }
	for _, tt := range []struct {
		name string
		d    draft
		want gsp.Reason
		says string // part of cause or remedy
	}{
		{"plaintext", draft{by: "fr1", to: []string{"ke"}, body: plain}, gsp.NotSealed, "Turn on OpenPGP"},
		{"another's From", draft{by: "fr1", from: "gb1@" + domain, to: []string{"ke"}}, gsp.WrongSender, "fr1@" + domain},
		{"unknown recipient", draft{by: "fr1", to: []string{"nobody"}}, gsp.UnknownRecipient, "nobody@"},
		{"route without UIM", draft{by: "fr1", to: []string{"route"}, sealed: []string{"ke"}}, gsp.NoUIM, "GSP-UIM"},
		{"broken UIM field", draft{by: "fr1", to: []string{"ke"}, header: uim(`"KE`)}, gsp.BrokenUIM, ""},
		{"unknown UIM", draft{by: "fr1", to: []string{"route"}, sealed: []string{"ke"}, header: uim(`"?!unknown"`)}, gsp.UnknownUIM, "UIM 1"},
		{"ambiguous UIM", draft{by: "fr1", to: []string{"route"}, sealed: []string{"zz"}, header: uim(`"ZZBOTH0000000001"`)}, gsp.AmbiguousUIM, "party="},
		{"mask in small letters", draft{by: "fr1", to: []string{"route"}, sealed: []string{"ke"}, header: uim(`"ke7########"`)}, gsp.UnknownUIM, "nearly an excise stamp of Kenya"},
		{"parcel number that is nearly a pack's", draft{by: "fr1", to: []string{"route"}, sealed: []string{"ke"}, header: uim(`"QCALL####"`)}, gsp.NotAUIM, "an economic operator"},
		{"parcel number", draft{by: "fr1", to: []string{"route"}, sealed: []string{"ke"}, header: uim(`"00095200000000000127"`)}, gsp.NotAUIM, "names a firm"},
		{"non-Party", draft{by: "fr1", to: []string{"route"}, sealed: []string{"ke"}, header: uim(`"00000046209849Uon<TYfACyAJPHJ"`)}, gsp.NonParty, ""},
		{"another Party's UIM", draft{by: "fr1", to: []string{"gb"}, header: uim(`"` + kenyan + `"`)}, gsp.UIMMismatch, "ke@" + domain},
		{"sealed for a stranger", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"ke", "stranger"}}, gsp.UnknownKey, "not in the directory"},
		{"sealed for a third", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"ke", "gb"}}, gsp.StrangeKey, ""},
		{"not sealed for its recipient", draft{by: "fr1", to: []string{"ke", "gb"}, sealed: []string{"ke"}}, gsp.CannotRead, "gb@" + domain},
		{"routed, sealed for another", draft{by: "fr1", to: []string{"route"}, sealed: []string{"gb"}, header: uim(`"` + kenyan + `"`)}, gsp.WrongParty, h.keys["ke"].Fingerprint()},
		{"sealed for the sender alone", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1"}}, gsp.CannotRead, h.keys["ke"].Fingerprint()},
		{"unknown case", draft{by: "fr1", to: []string{"ke"}, header: []string{`GSP-Case: "2026-KE-00000"`}}, gsp.UnknownCase, ""},
		{"another's case", draft{by: "gb1", to: []string{"fr1"}, header: []string{`GSP-Case: "` + string(ours.Case) + `"`}}, gsp.UnknownCase, ""},
		{"reply to nothing", draft{by: "ke1", to: []string{"fr1"}, header: []string{"GSP-Type: reply"}}, gsp.WrongType, "a reply cannot be sent outside a case"},
		{"request without the role", draft{by: "reader.fr", to: []string{"ke"}}, gsp.NotAllowed, "requester"},
		{"out of office", draft{by: "fr1", to: []string{"ke"}, header: []string{"Auto-Submitted: auto-replied"}}, gsp.Automatic, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.t = t
			before := len(h.inbox("ke")) + len(h.inbox("gb")) + len(h.inbox("fr1"))
			_, err := h.submit(tt.d)
			if got := reason(err); got != tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			refusal, _ := errors.AsType[*gsp.Refusal](err)
			text := refusal.Text("")
			if !strings.Contains(text, tt.says) {
				t.Errorf("got %q, want it to say %q", text, tt.says)
			}
			if strings.Contains(text, "0214477") || strings.Contains(strings.ReplaceAll(text, "...", ""), "..") {
				t.Errorf("got %q, want no code and no doubled full stop", text)
			}
			if e := h.lastEvent(); e.Kind != gsp.MailRefused || e.Reason != tt.want || e.Case != "" || e.Mail != 0 {
				t.Errorf("event: got %+v, want the refusal and nothing of the mail", e)
			}
			if after := len(h.inbox("ke")) + len(h.inbox("gb")) + len(h.inbox("fr1")); after != before {
				t.Errorf("got %d mails in the mailboxes, want %d as before", after, before)
			}
		})
	}
}

func TestAmbiguousUIMIsSettled(t *testing.T) {
	h := newHouse(t)
	byAddress := h.accepted(draft{by: "fr1", to: []string{"zz"}, header: []string{`GSP-UIM: "ZZBOTH0000000001"`}})
	byChoice := h.accepted(draft{
		by: "fr1", to: []string{"route"}, sealed: []string{"zz"}, header: []string{`GSP-UIM: "ZZBOTH0000000001";party=zz`},
	})
	for _, e := range []gsp.Event{byAddress, byChoice} {
		if e.Pattern != "zz-shared" || e.Peers[0] != "zz" {
			t.Errorf("got pattern %s to %v, want zz-shared to zz", e.Pattern, e.Peers)
		}
	}
}

func TestRegionAnswersForItsMember(t *testing.T) {
	h := newHouse(t)
	e := h.accepted(draft{by: "ke1", to: []string{"fr"}, header: []string{`GSP-UIM: "QCALLaB3dE5fG7X1y2"`}})
	if e.Peers[0] != "fr" || e.Pattern != "eu-qcall-unit" {
		t.Errorf("got %s to %v, want eu-qcall-unit to fr", e.Pattern, e.Peers)
	}
}

func TestMasksOnly(t *testing.T) {
	h := newHouse(t)
	h.MasksOnly = true
	_, err := h.submit(draft{by: "fr1", to: []string{"ke"}, header: []string{`GSP-UIM: "` + kenyan + `"`}})
	if refusal, ok := errors.AsType[*gsp.Refusal](err); !ok || refusal.Reason != gsp.UnmaskedUIM || !strings.Contains(refusal.Remedy, kenyanMask) {
		t.Fatalf("got %v, want a refusal that shows the mask", err)
	}
	h.accepted(draft{by: "fr1", to: []string{"ke"}, header: []string{`GSP-UIM: "` + kenyanMask + `"`}})
}

func TestSystemsMaySendAutomaticMail(t *testing.T) {
	h := newHouse(t)
	h.accepted(draft{by: "robot.fr", to: []string{"ke"}, header: []string{"Auto-Submitted: auto-generated"}})
	if got := field(h.inbox("ke")[0], "Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted: got %q, want it kept", got)
	}
}

func TestDisabledAccountReceivesNothing(t *testing.T) {
	h := newHouse(t)
	run(h, admin.AccountDisable, admin.AccountLogin{Login: "gb1"})
	_, err := h.submit(draft{by: "fr1", to: []string{"gb1"}})
	if got := reason(err); got != gsp.UnknownRecipient {
		t.Errorf("got %v, want %s", err, gsp.UnknownRecipient)
	}
}

func TestMailToSeveralPartiesIsOneCase(t *testing.T) {
	h := newHouse(t)
	e := h.accepted(draft{
		by: "fr1", to: []string{"ke", "gb"}, header: []string{`GSP-UIM: "` + kenyanMask + `", "QCUKTaB3dE5fG7X1y2"`},
	})
	if len(e.Peers) != 2 || len(h.inbox("ke")) != 1 || len(h.inbox("gb")) != 1 {
		t.Errorf("got peers %v, want ke and gb with one mail each", e.Peers)
	}
	answer := h.accepted(draft{by: "gb1", to: []string{"fr1"}, header: []string{`GSP-Case: "` + string(e.Case) + `"`}})
	if answer.Type != gsp.Reply {
		t.Errorf("got %s, want a reply", answer.Type)
	}
}

// What the standing of a mail in its case allows (docs/wire.md).
func TestPlacings(t *testing.T) {
	h := newHouse(t)
	request := h.accepted(draft{by: "fr1", to: []string{"ke", "gb"}, id: "<ask@client.example>"})
	notice := h.accepted(draft{by: "fr1", to: []string{"zz"}, id: "<notice@client.example>", header: []string{"GSP-Type: notice"}})
	if notice.Type != gsp.Notice || notice.Case != "" {
		t.Fatalf("got %s in case %q, want a notice in none", notice.Type, notice.Case)
	}
	thread := "In-Reply-To: <ask@client.example>"
	number := `GSP-Case: "` + string(request.Case) + `"`
	for _, tt := range []struct {
		name   string
		d      draft
		want   gsp.Type
		inCase bool
		peers  int
	}{
		{"forwarded to a colleague", draft{by: "ke1", to: []string{"ke"}, header: []string{thread}}, gsp.Notice, true, 0},
		{"from one asked Party to the other", draft{by: "ke1", to: []string{"gb"}, header: []string{thread}}, gsp.Notice, true, 1},
		{"a reply with a copy for a colleague", draft{by: "ke1", to: []string{"fr1", "ke"}, header: []string{thread}}, gsp.Reply, true, 1},
		{"a request said in the case", draft{by: "fr1", to: []string{"ke"}, header: []string{number, "GSP-Type: request"}}, gsp.FollowUp, true, 1},
		{"a new request in the thread", draft{by: "fr1", to: []string{"ke"}, header: []string{thread, "GSP-Type: request"}}, gsp.Request, false, 1},
		{"a request with a copy for oneself", draft{by: "fr1", to: []string{"ke", "fr1"}}, gsp.Request, false, 1},
		{"a request to one's own Party", draft{by: "fr1", to: []string{"fr"}, header: []string{"GSP-Type: request"}}, gsp.Notice, false, 0},
		{"an answer to a notice", draft{by: "reader.fr", to: []string{"ke"}, header: []string{"In-Reply-To: <notice@client.example>"}}, gsp.Notice, false, 1},
		{"past another's case", draft{by: "zz1", to: []string{"ke"}, header: []string{thread}}, gsp.Notice, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.t = t
			e := h.accepted(tt.d)
			if e.Type != tt.want || (e.Case == request.Case) != tt.inCase || len(e.Peers) != tt.peers {
				t.Errorf("got %s in %q to %v, want %s, in the case: %v, to %d Parties", e.Type, e.Case, e.Peers, tt.want, tt.inCase, tt.peers)
			}
			if e.Type == gsp.Request && strings.Contains(string(e.Case), "-FR-") {
				t.Errorf("case %s: named after the Party that asks", e.Case)
			}
		})
	}
	for _, tt := range []struct {
		name string
		d    draft
		want gsp.Reason
	}{
		{"reply to an asked Party", draft{by: "ke1", to: []string{"gb"}, header: []string{thread, "GSP-Type: reply"}}, gsp.WrongType},
		{"reply by the one that asked", draft{by: "fr1", to: []string{"ke"}, header: []string{thread, "GSP-Type: reply"}}, gsp.WrongType},
		{"follow-up by an asked Party", draft{by: "ke1", to: []string{"fr1"}, header: []string{thread, "GSP-Type: follow-up"}}, gsp.WrongType},
		{"withdrawal of nothing", draft{by: "fr1", to: []string{"ke"}, header: []string{"GSP-Type: withdrawal"}}, gsp.WrongType},
		{"request by an asked Party in the case", draft{by: "ke1", to: []string{"fr1"}, header: []string{number, "GSP-Type: request"}}, gsp.WrongType},
		{"reply with an outsider", draft{by: "ke1", to: []string{"fr1", "zz"}, header: []string{thread}}, gsp.UnknownCase},
		{"by number, to an outsider", draft{by: "ke1", to: []string{"zz"}, header: []string{number}}, gsp.UnknownCase},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.t = t
			_, err := h.submit(tt.d)
			if got := reason(err); got != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAStrangersOldKeyIsAStrangersKey(t *testing.T) {
	h := newHouse(t)
	h.publishAt("gb", h.now.Add(time.Hour-keyring.Lifetime)) // expires in an hour
	for _, tt := range []struct {
		name string
		d    draft
		want gsp.Reason
	}{
		{"for a stranger too", draft{by: "fr1", to: []string{"ke"}, sealed: []string{"fr1", "ke", "gb"}}, gsp.StrangeKey},
		{"for the recipient", draft{by: "fr1", to: []string{"gb"}}, gsp.NoKey},
	} {
		s := gsp.Submission{
			Account: h.account("fr1"), Sender: address("fr1"), Recipients: []gsp.Address{address(tt.d.to[0])},
			Raw: h.mail(tt.d), At: h.now.Add(2 * time.Hour), // an expired key still opens
		}
		_, err := h.Submit(t.Context(), s)
		if got := reason(err); got != tt.want {
			t.Errorf("sealed with an expired key %s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestAnAccountCannotTakeAPartysMail(t *testing.T) {
	h := newHouse(t)
	_, err := admin.AccountAdd.Do(t.Context(), h.office, "test", admin.NewAccount{Login: "xx", Party: "gb"})
	if got := reason(err); got != gsp.BrokenName {
		t.Errorf("account xx: got %v, want %s", err, gsp.BrokenName)
	}
	_, err = h.submit(draft{
		by: "fr1", to: []string{"route"}, sealed: []string{"gb"}, header: []string{`GSP-UIM: "ZZBOTH0000000001";party=xx`},
	})
	if got := reason(err); got != gsp.NonParty {
		t.Errorf("route to a Party that is not registered: got %v, want %s", err, gsp.NonParty)
	}
	_, err = h.submit(draft{by: "fr1", to: []string{"gb"}, header: []string{`GSP-UIM: "ZZBOTH0000000001";party=xx`}})
	if got := reason(err); got != gsp.NonParty {
		t.Errorf("address another than an unregistered Party: got %v, want %s", err, gsp.NonParty)
	}
}

func TestRepliesNeedTheRole(t *testing.T) {
	h := newHouse(t)
	run(h, admin.AccountAdd, admin.NewAccount{Login: "asker.ke", Party: "ke", Roles: []string{"requester"}})
	h.publish("asker.ke")
	h.accepted(draft{by: "fr1", to: []string{"ke"}, id: "<ask@client.example>"})
	_, err := h.submit(draft{by: "asker.ke", to: []string{"fr1"}, header: []string{"In-Reply-To: <ask@client.example>"}})
	if refusal, ok := errors.AsType[*gsp.Refusal](err); !ok || refusal.Reason != gsp.NotAllowed || !strings.Contains(refusal.Cause, "replier") {
		t.Errorf("got %v, want %s that names the role of replier", err, gsp.NotAllowed)
	}
}

// A case number that is taken is drawn again, and only so often.
func TestCaseNumbersAreDrawnAgain(t *testing.T) {
	h := newHouse(t)
	h.Random = strings.NewReader("AAAA" + "AAAA" + "AAAA" + "BBBB" + strings.Repeat("AAAA", 100))
	first := h.accepted(draft{by: "fr1", to: []string{"ke"}})
	second := h.accepted(draft{by: "fr1", to: []string{"ke"}})
	if first.Case == second.Case {
		t.Errorf("got case %s twice", first.Case)
	}
	_, err := h.submit(draft{by: "fr1", to: []string{"ke"}})
	if !errors.Is(err, gsp.ErrCaseTaken) || reason(err) != "" {
		t.Errorf("every number taken: got %v, want our own fault, %v", err, gsp.ErrCaseTaken)
	}
	if got := len(h.inbox("ke")); got != 2 {
		t.Errorf("got %d mails stored, want 2", got)
	}
}

func TestMarksStandForAtMostABillionCodes(t *testing.T) {
	h := newHouse(t)
	_, err := h.submit(draft{by: "fr1", to: []string{"ke"}, header: []string{`GSP-UIM: "KE7########";n=600000000, "KE7########";n=600000000`}})
	if got := reason(err); got != gsp.TooManyUIMs {
		t.Errorf("got %v, want %s", err, gsp.TooManyUIMs)
	}
}

// A client that sends a copy to each recipient uses one Message-ID in several
// cases; an answer that is passed on refers to more than one. Each mail goes to
// the case that takes its recipients.
func TestAMailContinuesTheCaseOfItsRecipients(t *testing.T) {
	h := newHouse(t)
	ke := h.accepted(draft{by: "fr1", to: []string{"ke"}, id: "<same@client.example>"})
	gb := h.accepted(draft{by: "fr1", to: []string{"gb"}, id: "<same@client.example>"})
	// A third uses the Message-ID as well, and draws nobody's answer away.
	h.accepted(draft{by: "zz1", to: []string{"eu"}, id: "<same@client.example>"})
	for _, tt := range []struct {
		by   string
		want gsp.CaseID
	}{{"ke1", ke.Case}, {"gb1", gb.Case}} {
		e := h.accepted(draft{by: tt.by, to: []string{"fr1"}, header: []string{"In-Reply-To: <same@client.example>"}})
		if e.Type != gsp.Reply || e.Case != tt.want {
			t.Errorf("answer of %s: got %s in %q, want a reply in %s", tt.by, e.Type, e.Case, tt.want)
		}
	}
	// Kenya asks the United Kingdom on its own account, and passes the answer on.
	h.accepted(draft{by: "ke1", to: []string{"gb"}, id: "<ask2@client.example>", header: []string{"GSP-Type: request"}})
	h.accepted(draft{by: "gb1", to: []string{"ke1"}, id: "<answer2@client.example>", header: []string{"In-Reply-To: <ask2@client.example>"}})
	e := h.accepted(draft{
		by: "ke1", to: []string{"fr1"}, header: []string{"References: <same@client.example> <ask2@client.example> <answer2@client.example>"},
	})
	if e.Type != gsp.Reply || e.Case != ke.Case {
		t.Errorf("answer passed on: got %s in %q, want a reply in %s", e.Type, e.Case, ke.Case)
	}
}

func TestACopyDoesNotSettleOrExcuse(t *testing.T) {
	h := newHouse(t)
	_, err := h.submit(draft{by: "ke1", to: []string{"gb", "ke1"}, header: []string{`GSP-UIM: "` + kenyan + `"`}})
	if got := reason(err); got != gsp.UIMMismatch {
		t.Errorf("a Kenyan UIM to gb with a copy for oneself: got %v, want %s", err, gsp.UIMMismatch)
	}
	_, err = h.submit(draft{by: "zz1", to: []string{"route", "zz1"}, sealed: []string{"zz", "zz1"}, header: []string{`GSP-UIM: "ZZBOTH0000000001"`}})
	if got := reason(err); got == "" {
		t.Errorf("an ambiguous UIM with a copy for oneself: got it accepted, want a refusal")
	}
}
