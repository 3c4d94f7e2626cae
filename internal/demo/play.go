package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/report"
)

// seizure is what an officer found, as it comes out of a scanner's log. The
// codes are invented, in real formats.
const seizure = `QCALLaB3dE5fG7X1y224031514
QCUKTaB3dE5fG7X1y224031514
KE730214477
KE730214502
(00)095200000000000127
4006381333931
`

// The people of the play: who asks, and who answers; and whom a person with a
// mail client of their own may ask, with a code of the seizure.
const (
	asker     = "douane1.fr"
	answerer  = "customs1.ke"
	asked     = "ke"
	suggested = "gb"
)

const (
	question = "We hold two packs with these marks. When and where were they made, and for which market?"
	answer   = "Both are valid. Made in Nairobi on 3 March 2026, intended for the domestic market."
)

// margin stands before what belongs to a step.
const margin = "      "

// say tells one step.
func (w *world) say(what, format string, args ...any) {
	w.step++
	w.last = what
	w.tell(fmt.Sprintf("%2d  %-10s  ", w.step, what), format, args...)
}

// also adds to a step.
func (w *world) also(format string, args ...any) {
	w.tell(margin, format, args...)
}

// quote adds a sealed text to a step.
func (w *world) quote(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		w.write(fill(margin+"| ", margin+"| ", line))
	}
}

// play is the exchange: a seizure recognised, a request by UIM, its reply, a
// refusal, the statistics. Each step checks what it says.
func (w *world) play(ctx context.Context) error {
	w.say("start", "a gateway for %s: %d Parties, %d officers, %d keys", w.Domain, len(parties), len(officers), len(w.keys))
	found, err := w.recognise(ctx)
	if err != nil {
		return err
	}
	cert, err := w.fetch(ctx, asked)
	if err != nil {
		return err
	}
	w.say("key", "the key of %s, by Web Key Directory over HTTPS:", w.address(asked))
	w.also("%s", cert.Fingerprint())

	authority, err := w.open(ctx, answerer, "Authority/"+asked+"/INBOX")
	if err != nil {
		return err
	}
	defer authority.close()
	own, err := w.open(ctx, asker, "INBOX")
	if err != nil {
		return err
	}
	defer own.close()

	request, err := w.ask(ctx, found, cert, authority)
	if err != nil {
		return err
	}
	if err := w.answer(ctx, request, own); err != nil {
		return err
	}
	if err := w.refuse(ctx); err != nil {
		return err
	}
	return w.count(ctx, len(found.codes))
}

// finding is what the seizure has to ask the Kenyan authority about.
type finding struct {
	codes []string  // for the sealed text
	claim gsp.Claim // for the header: one mask for all of them
}

// recognise reads the seizure list as an officer's program does, with the
// library in force, and returns the Kenyan codes.
func (w *world) recognise(ctx context.Context) (finding, error) {
	file := filepath.Join(w.folder, "seizure.txt")
	if err := os.WriteFile(file, []byte(seizure), 0o600); err != nil {
		return finding{}, fmt.Errorf("write the seizure list: %w", err)
	}
	info, err := verb(ctx, w, admin.LibraryShow, admin.LibraryQuery{Text: true})
	if err != nil {
		return finding{}, err
	}
	library, err := pattern.Parse("library", []byte(info.Text))
	if err != nil {
		return finding{}, fmt.Errorf("read the library: %w", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return finding{}, fmt.Errorf("read the seizure list: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	w.say("recognise", "%d codes of a seizure, by version %d of the pattern library", len(lines), info.Version)
	w.also("(%d patterns; read from the gateway over its operator's socket)", len(info.Entries))
	var theirs finding
	for _, line := range lines {
		a := library.Resolve(gsp.NewUIM(line), time.Now())
		w.also("%s", line)
		w.write(fill(margin+"  ", margin+"  ", a.Sentence))
		if a.Party() == suggested {
			w.mark = a.Mask
		}
		if a.Party() == asked {
			theirs.codes = append(theirs.codes, line)
			theirs.claim = gsp.Claim{UIM: gsp.NewUIM(a.Mask), Count: len(theirs.codes), Level: gsp.Unit}
		}
	}
	if len(theirs.codes) != 2 {
		return finding{}, fmt.Errorf("recognise: got %d Kenyan codes, want 2", len(theirs.codes))
	}
	return theirs, nil
}

// ask sends the request to route@ and waits until the Kenyan officer's mail
// client wakes and opens it.
func (w *world) ask(ctx context.Context, found finding, cert *pgpcert.Cert, authority *inbox) (client.Opened, error) {
	text := question + "\n" + strings.Join(found.codes, "\n")
	sent := time.Now()
	reply, err := w.send(ctx, asker, client.Draft{
		To: []gsp.Address{w.address("route")}, Subject: "Packs seized at Le Havre", Text: text,
		Claims: []gsp.Claim{found.claim}, For: []*pgpcert.Cert{cert},
	})
	if err != nil {
		return client.Opened{}, err
	}
	w.say("request", "%s to %s, sealed for %s and signed: %s", w.address(asker), w.address("route"), w.address(asked), reply)

	opened, took, err := w.receive(ctx, authority, asked, asker, sent)
	if err != nil {
		return client.Opened{}, err
	}
	out := opened.Outside
	if opened.Text != text || out.Type != gsp.Request || len(out.Claims) != 1 || out.Claims[0].Count != len(found.codes) {
		return client.Opened{}, fmt.Errorf("the request arrived as something else: type %s, %d marks", out.Type, len(out.Claims))
	}
	w.say("wake", "%s, in IDLE, hears of it %s after the sender pressed Send", w.address(answerer), took)
	w.say("open", "case %s: %q, signed by %s:", out.Case, opened.Subject, out.From)
	w.quote(opened.Text)
	w.also("Of the codes, the gateway sees the mark %s, n=%d. The text and the subject it cannot read.",
		out.Claims[0].UIM.Reveal(), out.Claims[0].Count)
	return opened, nil
}

// answer replies in the same case, as a mail client does: by In-Reply-To.
func (w *world) answer(ctx context.Context, request client.Opened, own *inbox) error {
	to := request.Outside
	cert, err := w.fetch(ctx, to.From.Local)
	if err != nil {
		return err
	}
	sent := time.Now()
	reply, err := w.send(ctx, answerer, client.Draft{
		To: []gsp.Address{to.From}, Subject: "Re: " + request.Subject, Text: answer,
		InReplyTo: to.MessageID, References: append(to.References, to.MessageID), For: []*pgpcert.Cert{cert},
	})
	if err != nil {
		return err
	}
	w.say("reply", "%s to %s: %s", w.address(answerer), to.From, reply)
	opened, took, err := w.receive(ctx, own, asker, answerer, sent)
	if err != nil {
		return err
	}
	out := opened.Outside
	if out.Case != to.Case || out.Type != gsp.Reply || opened.Text != answer {
		return fmt.Errorf("the reply arrived as something else: type %s in case %s", out.Type, out.Case)
	}
	w.say("open", "%s hears of it after %s, in the same case %s", w.address(asker), took, out.Case)
	w.quote(opened.Text)
	return nil
}

// refuse sends a mail that nobody sealed, and shows what the sender reads.
func (w *world) refuse(ctx context.Context) error {
	raw := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Packs\r\nDate: %s\r\nMessage-ID: <plain@%s>\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n%s\r\n",
		w.address(asker), w.address(asked), time.Now().Format(time.RFC1123Z), w.Domain, question)
	_, err := client.Submit(ctx, w.login(asker, w.gateway.SMTP), w.address(asker), []gsp.Address{w.address(asked)}, []byte(raw))
	rejection, ok := errors.AsType[*client.Rejection](err)
	if !ok || rejection.Reason() != gsp.NotSealed {
		return fmt.Errorf("send a plain mail: got %v, want the refusal %s", err, gsp.NotSealed)
	}
	w.say("refusal", "the same question, not sealed:")
	w.also("%s", rejection)
	return nil
}

// count asks for the statistics and compares them with what was played.
func (w *world) count(ctx context.Context, codes int) error {
	s, err := verb(ctx, w, admin.Stats, report.Query{})
	if err != nil {
		return err
	}
	switch {
	case s.Registered.AtEnd != len(parties), s.Users.AtEnd != len(officers), s.Messages.Sent != 2,
		s.UIMs != codes, s.Replies.All.Answered != 1, s.Active.Sending != 1, s.Active.Replying != 1:
		return fmt.Errorf("the statistics are not those of the play: %+v", s)
	}
	w.say("statistics", "FCTC/MOP/3/5, para 24, from the event log alone")
	var users, pairs, uims, traffic []string
	for _, u := range s.Users.Rows {
		users = append(users, fmt.Sprintf("%s %d", u.Party, u.AtEnd))
	}
	for _, m := range s.Messages.Rows {
		traffic = append(traffic, fmt.Sprintf("%s %d/%d", m.Party, m.Sent, m.Received))
	}
	for _, p := range s.Between {
		pairs = append(pairs, fmt.Sprintf("%s to %s %d", p.From, p.To, p.Messages))
		if p.UIMs > 0 {
			uims = append(uims, fmt.Sprintf("%s to %s %d", p.From, p.To, p.UIMs))
		}
	}
	w.also("1 Parties registered       %d", s.Registered.AtEnd)
	w.also("2 users per Party          %s", strings.Join(users, ", "))
	w.also("3 active Parties           %d: %d sending, %d replying", s.Active.Parties, s.Active.Sending, s.Active.Replying)
	w.also("4 messages sent/received   %s", strings.Join(traffic, ", "))
	w.also("5 messages between         %s", strings.Join(pairs, ", "))
	w.also("6 UIMs exchanged           %d: %s", s.UIMs, strings.Join(uims, ", "))
	w.also("7 average time to a reply  %d s, %d of %d requests answered", s.Replies.All.Mean, s.Replies.All.Answered, s.Replies.All.Asked)
	w.also("8 unread, not actioned     %d, %d", s.Unread.Unread, s.Unread.NotActioned)
	return nil
}

// fetch looks a key up as any mail client does.
func (w *world) fetch(ctx context.Context, local string) (*pgpcert.Cert, error) {
	wkd := client.NewWKD(w.ca, client.DialTo(w.gateway.HTTPS.String()))
	cert, err := wkd.Fetch(ctx, w.address(local))
	if err != nil {
		return nil, fmt.Errorf("fetch the key of %s: %w", local, err)
	}
	return cert, nil
}

// send composes a draft of an officer and submits it.
func (w *world) send(ctx context.Context, login string, d client.Draft) (string, error) {
	d.From, d.Signer = w.address(login), w.keys[login]
	raw, err := client.Compose(d)
	if err != nil {
		return "", fmt.Errorf("compose a mail: %w", err)
	}
	return client.Submit(ctx, w.login(login, w.gateway.SMTP), w.address(login), d.To, raw)
}

// inbox is a mailbox that an officer's mail client watches.
type inbox struct {
	*client.Mailbox
	arrived chan arrival
	stop    context.CancelFunc
}

// arrival is the waking of a mail client.
type arrival struct {
	at   time.Time
	uids []uint32
	err  error
}

// open logs an officer in and watches a mailbox.
func (w *world) open(ctx context.Context, login, mailbox string) (*inbox, error) {
	box, err := client.OpenMailbox(ctx, w.login(login, w.gateway.IMAP), mailbox)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", login, err)
	}
	ctx, stop := context.WithCancel(ctx)
	in := &inbox{box, make(chan arrival), stop}
	go func() {
		defer close(in.arrived)
		uids, err := box.WaitNew(ctx)
		select {
		case in.arrived <- arrival{time.Now(), uids, err}:
		case <-ctx.Done():
		}
	}()
	return in, nil
}

// close ends the watch and logs out.
func (in *inbox) close() {
	in.stop()
	for range in.arrived { // until the watch has let go of the mailbox
	}
	_ = in.Close() // the play is over, or failed for a better reason
}

// receive waits for the one mail that comes into the inbox, opens it with the
// key, and tells how long after sent its client woke.
func (w *world) receive(ctx context.Context, in *inbox, key, signer string, sent time.Time) (client.Opened, time.Duration, error) {
	a, ok := <-in.arrived
	if !ok { // the watch ended with ctx, and had nobody to tell it to
		return client.Opened{}, 0, context.Cause(ctx)
	}
	if a.err != nil {
		return client.Opened{}, 0, a.err
	}
	if len(a.uids) != 1 {
		return client.Opened{}, 0, fmt.Errorf("wait for a mail: got %d, want 1", len(a.uids))
	}
	raw, err := in.Fetch(ctx, a.uids[0])
	if err != nil {
		return client.Opened{}, 0, err
	}
	cert, err := w.fetch(ctx, signer)
	if err != nil {
		return client.Opened{}, 0, err
	}
	opened, err := client.Open(raw, []*keyring.Key{w.keys[key]}, []*pgpcert.Cert{cert})
	if err != nil {
		return client.Opened{}, 0, fmt.Errorf("open a mail: %w", err)
	}
	if opened.SignedBy == nil || opened.SignedBy.Address() != w.address(signer) {
		return client.Opened{}, 0, fmt.Errorf("open a mail: it is not signed by %s", signer)
	}
	return opened, a.at.Sub(sent).Round(100 * time.Microsecond), nil
}

func (w *world) login(login string, server net.Addr) client.Login {
	return client.Login{
		Server: server.String(), User: login, Password: w.passwords[login],
		TLS: &tls.Config{RootCAs: w.ca, ServerName: w.Domain},
	}
}
