package router_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
)

// submission makes a draft into what a door hands in, the same octets each
// time that it is handed in.
func (h *house) submission(d draft) gsp.Submission {
	h.t.Helper()
	s := gsp.Submission{Account: h.account(d.by), Sender: address(d.by), Raw: h.mail(d), At: h.now}
	for _, local := range d.to {
		s.Recipients = append(s.Recipients, address(local))
	}
	return s
}

// events counts the events.
func (h *house) events() (n int) {
	h.t.Helper()
	for _, err := range h.store.Events(h.t.Context(), 0) {
		if err != nil {
			h.t.Fatal(err)
		}
		n++
	}
	return n
}

func TestAMailSentAgainIsOneMail(t *testing.T) {
	h := newHouse(t)
	s := h.submission(draft{by: "fr1", to: []string{"ke", "gb"}, header: []string{`GSP-UIM: "` + kenyanMask + `", "QCUKTaB3dE5fG7X1y2"`}})
	first, err := h.Submit(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	events := h.events()
	for name, change := range map[string]func(*gsp.Submission){
		"at once":          func(*gsp.Submission) {},
		"six days later":   func(s *gsp.Submission) { s.At = s.At.Add(6 * 24 * time.Hour) },
		"in another order": func(s *gsp.Submission) { s.Recipients = []gsp.Address{s.Recipients[1], s.Recipients[0]} },
		"with another subject": func(s *gsp.Submission) {
			s.Raw = bytes.Replace(s.Raw, []byte("Subject: ..."), []byte("Subject: again"), 1)
		},
	} {
		again := s
		change(&again)
		got, err := h.Submit(t.Context(), again)
		if err != nil || !got.Earlier || got.Event != first.Event || got.Mail != first.Mail || got.Case != first.Case {
			t.Errorf("%s: got %+v, %v, want the receipt %+v", name, got, err, first)
		}
	}
	if got := len(h.inbox("ke")) + len(h.inbox("gb")); got != 2 || h.events() != events {
		t.Errorf("got %d mails and %d events, want one for each recipient and %d", got, h.events(), events)
	}
}

func TestWhatDiffersIsAnotherMail(t *testing.T) {
	h := newHouse(t)
	d := draft{by: "fr1", to: []string{"ke", "fr1"}, id: "<same@client.example>"}
	s := h.submission(d)
	if _, err := h.Submit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	resealed := h.submission(d)
	for name, change := range map[string]func(*gsp.Submission){
		"sealed again":        func(s *gsp.Submission) { s.Raw = resealed.Raw },
		"another Message-ID":  func(s *gsp.Submission) { s.Raw = bytes.Replace(s.Raw, []byte("<same@"), []byte("<other@"), 1) },
		"no copy for oneself": func(s *gsp.Submission) { s.Recipients = []gsp.Address{address("ke")} },
		"eight days later":    func(s *gsp.Submission) { s.At = s.At.Add(8 * 24 * time.Hour) },
		"another sender": func(s *gsp.Submission) { // to whom a colleague gave the octets
			s.Account, s.Sender = h.account("robot.fr"), address("robot.fr")
			s.Raw = bytes.Replace(s.Raw, []byte("From: fr1@"), []byte("From: robot.fr@"), 1)
		},
	} {
		other := s
		change(&other)
		if got, err := h.Submit(t.Context(), other); err != nil || got.Earlier {
			t.Errorf("%s: got %+v, %v, want a new mail", name, got, err)
		}
	}
}

func TestAMailWithoutMessageIDCountsByItsContent(t *testing.T) {
	h := newHouse(t)
	s := h.submission(draft{by: "fr1", to: []string{"ke"}, id: "<gone@client.example>"})
	s.Raw = bytes.Replace(s.Raw, []byte("Message-ID: <gone@client.example>\r\n"), nil, 1)
	for i := range 2 {
		if got, err := h.Submit(t.Context(), s); err != nil || got.Earlier != (i == 1) {
			t.Errorf("hand it in the %d. time: got %+v, %v", i+1, got, err)
		}
	}
	if got := len(h.inbox("ke")); got != 1 {
		t.Errorf("got %d mails, want 1", got)
	}
}

// A client that lost our 250 must hear 250 whatever has happened since:
// otherwise its officer sends the question a second time.
func TestAnEarlierReceiptOutlivesWhatChanged(t *testing.T) {
	h := newHouse(t)
	s := h.submission(draft{by: "fr1", to: []string{"ke"}})
	first, err := h.Submit(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	never := h.submission(draft{by: "fr1", to: []string{"ke"}})
	h.publish("ke")
	if got, err := h.Submit(t.Context(), s); err != nil || !got.Earlier || got.Mail != first.Mail {
		t.Errorf("the recipient's key is another now: got %+v, %v, want the receipt %+v", got, err, first)
	}
	run(h, admin.PartyWithdraw, admin.PartyID{ID: "ke"})
	if got, err := h.Submit(t.Context(), s); err != nil || !got.Earlier || got.Mail != first.Mail {
		t.Errorf("the recipient is gone: got %+v, %v, want the receipt %+v", got, err, first)
	}
	if e := h.lastEvent(); e.Kind == gsp.MailRefused {
		t.Errorf("last event: got %+v, want no refusal", e)
	}
	if _, err := h.Submit(t.Context(), never); reason(err) != gsp.UnknownRecipient {
		t.Errorf("a mail that was never stored: got %v, want %s", err, gsp.UnknownRecipient)
	}
}

func TestTheSameMailAtTheSameTimeIsStoredOnce(t *testing.T) {
	h := newHouse(t)
	s := h.submission(draft{by: "fr1", to: []string{"ke", "gb"}})
	var (
		wg       sync.WaitGroup
		receipts [16]gsp.Receipt
	)
	for i := range receipts {
		wg.Go(func() {
			var err error
			if receipts[i], err = h.Submit(t.Context(), s); err != nil {
				t.Errorf("submit: %v", err)
			}
		})
	}
	wg.Wait()
	fresh := 0
	for _, r := range receipts {
		if !r.Earlier {
			fresh++
		}
		if r.Case != receipts[0].Case || r.Mail != receipts[0].Mail {
			t.Errorf("got %+v, want the mail and case of %+v", r, receipts[0])
		}
	}
	if got := len(h.inbox("ke")); fresh != 1 || got != 1 {
		t.Errorf("got %d fresh receipts and %d mails, want 1", fresh, got)
	}
}

// FCTC/MOP/3/5, para 39.
func TestARepeatedRequestIsAcceptedAndSaidSo(t *testing.T) {
	h := newHouse(t)
	ask := draft{by: "fr1", to: []string{"ke"}, header: []string{`GSP-UIM: "` + kenyanMask + `";n=900`}, id: "<ask@client.example>"}
	first := h.accepted(ask)
	if first.Repeats != "" {
		t.Errorf("first request: repeats %q", first.Repeats)
	}
	ask.id = ""
	receipt, err := h.submit(ask)
	if err != nil || receipt.Repeats != first.Case || receipt.Case == first.Case {
		t.Errorf("second request: got %+v, %v, want a case of its own that repeats %s", receipt, err, first.Case)
	}
	if e := h.lastEvent(); e.Repeats != first.Case {
		t.Errorf("event: got %+v, want it to repeat %s", e, first.Case)
	}
	fewer := draft{by: "fr1", to: []string{"ke"}, header: []string{`GSP-UIM: "` + kenyanMask + `";n=899`}}
	if e := h.accepted(fewer); e.Repeats != "" {
		t.Errorf("another number of packs: repeats %q", e.Repeats)
	}
	if e := h.accepted(draft{by: "fr1", to: []string{"ke"}}); e.Repeats != "" {
		t.Errorf("no marks: repeats %q", e.Repeats)
	}
	for _, id := range []gsp.CaseID{first.Case, receipt.Case} {
		h.accepted(draft{by: "ke1", to: []string{"fr1"}, header: []string{`GSP-Case: "` + string(id) + `"`}})
	}
	if e := h.accepted(ask); e.Repeats != "" {
		t.Errorf("both are answered: repeats %q", e.Repeats)
	}
	for _, mail := range h.inbox("ke") {
		if strings.Contains(mail, "epeat") {
			t.Error("the delivered mail tells that it repeats one")
		}
	}
}
