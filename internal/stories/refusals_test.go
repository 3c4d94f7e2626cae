package stories_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pgpcert"
)

// TestEveryRefusal sends a mail for each reason why a mail is refused, over a
// real connection, and reads what an officer's mail client gets to show.
func TestEveryRefusal(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r := newRefuser(ctx, t)

	const kenyan, text = `GSP-UIM: "KE7########"`, "Found 900 packs in a container.\r\n"
	good := r.mail("ke1", "ke1")
	block := armourOf(t, good)
	octets := r.dearmoured(block)
	data := octets[dataPacket(octets):]
	key := octets[:dataPacket(octets)]
	alter := func(from, to string) []byte { return r.change(good, from, to) }
	packets := func(b ...[]byte) []byte { return r.change(good, block, r.armoured(bytes.Join(b, nil))) }
	body := func(contentType, body string) []byte {
		top, _, _ := strings.Cut(string(good), "Content-Type:")
		return []byte(top + "Content-Type: " + contentType + "\r\n\r\n" + body)
	}
	with := func(to, sealed string, fields ...string) []byte {
		return append([]byte(strings.Join(fields, "\r\n")+"\r\n"), r.mail(to, sealed)...)
	}
	boundary := regexp.MustCompile(`boundary="([^"]+)"`).FindStringSubmatch(string(good))[1]
	second := "Content-Type: application/octet-stream\r\n"

	for reason, tt := range map[gsp.Reason]attempt{
		gsp.NotSealed:        {to: "ke1", mail: body("text/plain", text)},
		gsp.SignedOnly:       {to: "ke1", mail: body("multipart/signed; boundary=x; protocol=\"application/pgp-signature\"", "--x\r\n\r\n"+text+"--x--\r\n")},
		gsp.SMIME:            {to: "ke1", mail: body("application/pkcs7-mime; smime-type=enveloped-data", "MIAG\r\n")},
		gsp.InlineSealed:     {to: "ke1", mail: body("text/plain; charset=utf-8", block)},
		gsp.Rewritten:        {to: "ke1", mail: alter(`multipart/encrypted;`, `multipart/mixed;`)},
		gsp.PasswordSealed:   {to: "ke1", mail: packets(packet(3, []byte("\x04\x09\x03\x08saltsalt\x60")), data)},
		gsp.NoIntegrity:      {to: "ke1", mail: packets(key, packet(9, octets[:min(len(octets), 200)]))},
		gsp.AnonymousKey:     {to: "ke1", mail: packets(anonymous(key), data)},
		gsp.TextOutside:      {to: "ke1", mail: append(bytes.Clone(good), text...)},
		gsp.TextAroundArmour: {to: "ke1", mail: alter("-----BEGIN PGP MESSAGE-----", text+"-----BEGIN PGP MESSAGE-----")},
		gsp.ExtraParts:       {to: "ke1", mail: alter("--"+boundary+"--", "--"+boundary+"\r\nContent-Type: text/plain\r\n\r\n"+text+"\r\n--"+boundary+"--")},
		gsp.TooDeep:          {to: "ke1", mail: alter(second, "Content-Type: message/rfc822\r\n")},
		gsp.BrokenSeal:       {to: "ke1", mail: packets(data)},
		gsp.TrailingData:     {to: "ke1", mail: packets(key, data, packet(11, []byte(text)))},
		gsp.BrokenArmour:     {to: "ke1", mail: alter("-----END PGP MESSAGE-----", "")},
		gsp.BrokenChecksum:   {to: "ke1", mail: r.change(good, block, wrongChecksum(r.armoured(octets)))},
		gsp.BrokenMIME:       {to: "ke1", mail: alter("--"+boundary+"\r\n"+second, "")},
		gsp.BrokenHeader:     {to: "ke1", mail: alter("Subject: ", "Subject ")},
		gsp.DuplicateHeader:  {to: "ke1", mail: with("ke1", "ke1", "Subject: again")},
		gsp.BrokenLines:      {to: "ke1", mail: alter("Subject: ", "Subject: a\rb")},
		gsp.TooLarge:         {to: "ke1", announced: 1 << 30},

		gsp.BrokenUIM:    {to: "ke1", mail: with("ke1", "ke1", `GSP-UIM: "KE7`)},
		gsp.TooManyUIMs:  {to: "ke1", mail: with("ke1", "ke1", "GSP-UIM: "+strings.TrimSuffix(strings.Repeat("\"KE7########\",\r\n ", 1001), ",\r\n "))},
		gsp.UnknownUIM:   {to: "route", mail: with("route", "ke", `GSP-UIM: "?!unknown"`)},
		gsp.AmbiguousUIM: {to: "route", mail: with("route", "zz", `GSP-UIM: "ZZBOTH0000000001"`)},
		gsp.NotAUIM:      {to: "route", mail: with("route", "ke", `GSP-UIM: "00095200000000000127"`)},
		gsp.NonParty:     {to: "route", mail: with("route", "ke", `GSP-UIM: "00000046209849Uon<TYfACyAJPHJ"`)},
		gsp.NoUIM:        {to: "route", mail: r.mail("route", "ke")},
		gsp.UIMMismatch:  {to: "gb", mail: with("gb", "gb", kenyan)},
		gsp.UnknownCase:  {to: "ke1", mail: with("ke1", "ke1", `GSP-Case: "2026-KE-7Q4M2"`)},
		gsp.WrongType:    {to: "ke1", mail: with("ke1", "ke1", "GSP-Type: withdrawal")},
		gsp.Automatic:    {to: "ke1", mail: with("ke1", "ke1", "Auto-Submitted: auto-replied")},

		gsp.WrongSender:      {to: "ke1", mail: alter("From: <fr1@", "From: <ke1@")},
		gsp.UnknownRecipient: {to: "nobody"},
		gsp.NotAllowed:       {by: "ke3", to: "fr1", mail: r.mailBy("ke3", "fr1", "fr1")},
		gsp.NoKey:            {to: "xx", mail: r.mail("xx", "ke1")},
		gsp.UnknownKey:       {to: "ke1", mail: r.sealFor("ke1", r.stranger("ke1"))},
		gsp.StrangeKey:       {to: "ke1", mail: r.mail("ke1", "ke1", "gb")},
		gsp.CannotRead:       {to: "ke", mail: r.mail("ke", "fr1")},
		gsp.WrongParty:       {to: "route", mail: with("route", "gb", kenyan)},
		gsp.StaleKey:         {to: "ke2", mail: r.staleMail(ctx, "ke2")},
		gsp.SoleRecipient:    {to: "resolve,ke1", mail: with("resolve", "ke1", kenyan)},
	} {
		t.Run(string(reason), func(t *testing.T) { r.refused(ctx, t, reason, tt) })
		r.shown = append(r.shown, reason)
	}

	// A mailbox that has no room any more: of Great Britain, whose notice of it
	// is not counted.
	r.configure(ctx, `max_message = "25MiB"`, `max_message = "64KiB"`)
	r.configure(ctx, `quota = "20GiB"`, `quota = "128KiB"`)
	for range 2 {
		if err := r.attempt(ctx, attempt{to: "gb", mail: r.large("gb")}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run(string(gsp.MailboxFull), func(t *testing.T) {
		r.refused(ctx, t, gsp.MailboxFull, attempt{to: "ke1,gb", mail: r.large("gb", "ke1")})
	})
	r.shown = append(r.shown, gsp.MailboxFull)

	// What only an installation that wants masks refuses.
	r.configure(ctx, `uim_disclosure = "mask"`, `uim_disclosure = "refuse"`)
	t.Run(string(gsp.UnmaskedUIM), func(t *testing.T) {
		r.refused(ctx, t, gsp.UnmaskedUIM, attempt{to: "ke", mail: with("ke", "ke", `GSP-UIM: "KE730214477"`)})
	})
	r.shown = append(r.shown, gsp.UnmaskedUIM)

	// Reasons of mails to keys@ are shown with the exchange that they belong to.
	r.shown = append(r.shown, gsp.NoKeyAttached, gsp.UnknownCode, gsp.NoDecision)
	for _, reason := range gsp.Reasons[:slices.Index(gsp.Reasons, gsp.BadLogin)] {
		if !slices.Contains(r.shown, reason) {
			t.Errorf("no mail is refused as %s", reason)
		}
	}
}

// attempt is a mail that is to be refused.
type attempt struct {
	by        string // fr1 where empty
	to        string // local parts, parted by commas
	announced int64  // octets
	mail      []byte
}

// refuser is a gateway with the people whom the mails of the table name.
type refuser struct {
	*world
	t     *testing.T
	shown []gsp.Reason
}

func newRefuser(ctx context.Context, t *testing.T) *refuser {
	t.Helper()
	r := &refuser{world: &world{folder: t.TempDir()}, t: t}
	must := func(_ string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.start(ctx, nil))
	t.Cleanup(func() { r.stop(t) })
	for _, p := range []string{"fr", "ke", "gb", "zz"} {
		must(r.party(ctx, []string{p, "Party of the test"}))
	}
	must(r.officer(ctx, []string{"fr1", "fr", "requester"}))
	must(r.officer(ctx, []string{"ke1", "ke"}))
	must(r.officer(ctx, []string{"ke2", "ke", "replier"}))
	must(r.officer(ctx, []string{"ke3", "ke", "releaser"}))
	_, err := carryOut(ctx, r.world, admin.PartyAdd, admin.NewParty{ID: "xx", Name: "Party without a key"})
	must("", err)
	return r
}

// configure changes the configuration and starts the gateway with it.
func (r *refuser) configure(ctx context.Context, from, to string) {
	r.t.Helper()
	text, err := os.ReadFile(r.configPath())
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.configPath(), r.change(text, from, to), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.restart(ctx, nil); err != nil {
		r.t.Fatal(err)
	}
}

// refused submits the mail and compares the refusal: its token first, then a
// cause and a remedy in sentences, then the link to the help page.
func (r *refuser) refused(ctx context.Context, t *testing.T, want gsp.Reason, a attempt) {
	t.Helper()
	before := r.count(ctx, t)
	err := r.attempt(ctx, a)
	var got *smtp.SMTPError
	if !errors.As(err, &got) {
		t.Fatalf("got %v, want a refusal", err)
	}
	message := strings.ReplaceAll(got.Message, "\n", " ")
	form := regexp.MustCompile(`^` + string(want) + `: .{10,}\. [A-Z].{10,}\. https://\S+/help/` + string(want) + `$`)
	if !form.MatchString(message) {
		t.Errorf("got %q, want %s: cause. Remedy. link", message, want)
	}
	if got.Code < 400 || got.EnhancedCode[0] != got.Code/100 {
		t.Errorf("got code %d %v, want a refusal with its enhanced code", got.Code, got.EnhancedCode)
	}
	if after := r.count(ctx, t); after != before {
		t.Errorf("%d mails were there before and %d after", before, after)
	}
}

// attempt submits the mail as a mail program would, and returns the error that
// ended it.
func (r *refuser) attempt(ctx context.Context, a attempt) error {
	by := a.by
	if by == "" {
		by = "fr1"
	}
	l := r.login(by, r.gateway.SMTP)
	dialer := tls.Dialer{Config: l.TLS}
	conn, err := dialer.DialContext(ctx, "tcp", l.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	c := smtp.NewClient(conn)
	if err := c.Auth(sasl.NewPlainClient("", l.User, l.Password)); err != nil {
		return err
	}
	if err := c.Mail(address(by).String(), &smtp.MailOptions{Size: a.announced}); err != nil {
		return err
	}
	for to := range strings.SplitSeq(a.to, ",") {
		if err := c.Rcpt(address(to).String(), nil); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(a.mail); err != nil {
		return err
	}
	return w.Close()
}

// count is how many mails the gateway holds for ke1 and for Kenya.
func (r *refuser) count(ctx context.Context, t *testing.T) int {
	t.Helper()
	n := 0
	for _, name := range [][]string{{"ke1"}, {"ke2", "authority"}, {"fr1"}} {
		box, err := client.OpenMailbox(ctx, r.login(name[0], r.gateway.IMAP), r.mailbox(name))
		if err != nil {
			t.Fatal(err)
		}
		uids, err := box.UIDs(ctx)
		box.Close()
		if err != nil {
			t.Fatal(err)
		}
		n += len(uids)
	}
	return n
}

// mail composes a mail of fr1 to one address, sealed for some.
func (r *refuser) mail(to string, sealed ...string) []byte { return r.mailBy("fr1", to, sealed...) }

func (r *refuser) mailBy(by, to string, sealed ...string) []byte {
	r.t.Helper()
	var certs []*pgpcert.Cert
	for _, local := range sealed {
		certs = append(certs, r.cert(r.keys[local]))
	}
	return r.compose(by, to, certs)
}

// large composes a mail of 50 KB to some addresses.
func (r *refuser) large(to ...string) []byte {
	r.t.Helper()
	d := client.Draft{From: address("fr1"), Date: time.Now(), Text: rand.Text(), Signer: r.keys["fr1"]}
	for _, local := range to {
		d.To, d.For = append(d.To, address(local)), append(d.For, r.cert(r.keys[local]))
	}
	body := make([]byte, 26<<10)
	rand.Read(body) // never fails
	d.Attachments = []client.Attachment{{Name: "x.bin", Body: body}}
	raw, err := client.Compose(d)
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

func (r *refuser) sealFor(to string, key *keyring.Key) []byte {
	r.t.Helper()
	return r.compose("fr1", to, []*pgpcert.Cert{r.cert(key)})
}

func (r *refuser) compose(by, to string, certs []*pgpcert.Cert) []byte {
	r.t.Helper()
	raw, err := client.Compose(client.Draft{
		From: address(by), To: []gsp.Address{address(to)}, Date: time.Now(),
		Text: "Whose are these?", For: certs, Signer: r.keys[by],
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

// stranger makes a key for an address that nobody publishes.
func (r *refuser) stranger(local string) *keyring.Key {
	r.t.Helper()
	key, err := keyring.Generate(local, address(local), time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return key
}

// staleMail is sealed for a key that is withdrawn since.
func (r *refuser) staleMail(ctx context.Context, to string) []byte {
	r.t.Helper()
	mail := r.mail(to, to)
	if _, err := carryOut(ctx, r.world, admin.KeyRevoke, admin.Verdict{KeyOf: admin.KeyOf{Address: to}}); err != nil {
		r.t.Fatal(err)
	}
	if err := r.publish(ctx, to); err != nil {
		r.t.Fatal(err)
	}
	return mail
}

func (r *refuser) cert(key *keyring.Key) *pgpcert.Cert {
	r.t.Helper()
	cert, err := key.Cert()
	if err != nil {
		r.t.Fatal(err)
	}
	return cert
}

// change replaces the one occurrence of from.
func (r *refuser) change(text []byte, from, to string) []byte {
	r.t.Helper()
	if n := strings.Count(string(text), from); n != 1 {
		r.t.Fatalf("%q stands %d times there, want once", from, n)
	}
	return []byte(strings.Replace(string(text), from, to, 1))
}

func (r *refuser) armoured(octets []byte) string {
	r.t.Helper()
	var b strings.Builder
	w, err := armor.Encode(&b, "PGP MESSAGE", nil)
	if err == nil {
		_, err = w.Write(octets)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.ReplaceAll(b.String(), "\n", "\r\n")
}

func (r *refuser) dearmoured(block string) []byte {
	r.t.Helper()
	b, err := armor.Decode(strings.NewReader(block))
	if err != nil {
		r.t.Fatal(err)
	}
	var octets bytes.Buffer
	if _, err := octets.ReadFrom(b.Body); err != nil {
		r.t.Fatal(err)
	}
	return octets.Bytes()
}

// armourOf cuts the armoured message out of a mail.
func armourOf(t *testing.T, mail []byte) string {
	t.Helper()
	const begin, end = "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----"
	i, j := bytes.Index(mail, []byte(begin)), bytes.Index(mail, []byte(end))
	if i < 0 || j < i {
		t.Fatal("the mail has no armoured message")
	}
	return string(mail[i : j+len(end)])
}

// wrongChecksum puts another checksum into an armoured message.
func wrongChecksum(block string) string {
	return regexp.MustCompile(`\r\n=[A-Za-z0-9+/]{4}`).ReplaceAllString(block, "\r\n=AAAA")
}

// packet writes an OpenPGP packet (RFC 9580, section 4.2.1).
func packet(tag byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0xc0 | tag, 0xff}, uint32(len(body))), body...)
}

// dataPacket is where the packets of session keys end. Their lengths take one
// or two octets.
func dataPacket(octets []byte) int {
	i := 0
	for octets[i]&0x3f == 1 {
		i += 1 + session(octets[i+1:])
	}
	return i
}

func session(b []byte) int {
	if b[0] < 192 {
		return 1 + int(b[0])
	}
	return 2 + (int(b[0])-192)<<8 + int(b[1]) + 192
}

// anonymous takes the key ID out of the first packet of a session key.
func anonymous(key []byte) []byte {
	b := bytes.Clone(key)
	i := 1 + 1 + 1 // tag, length, version
	if b[1] >= 192 {
		i++
	}
	copy(b[i:i+8], make([]byte, 8))
	return b
}
