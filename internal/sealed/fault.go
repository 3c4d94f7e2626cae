package sealed

import "fmt"

// Flaw names what is wrong with a mail. Its texts are those of the gateway's
// refusals (gsp.Reason), and like them never change their meaning.
type Flaw string

// The flaws.
const (
	NotSealed       Flaw = "not-sealed"       // nothing is encrypted, or not as PGP/MIME
	SignedOnly      Flaw = "signed-only"      // signed, not encrypted
	SMIME           Flaw = "smime"            // sealed with S/MIME
	PasswordSealed  Flaw = "password-sealed"  // a password opens it
	NoIntegrity     Flaw = "no-integrity"     // no protection against alteration
	AnonymousKey    Flaw = "anonymous-key"    // hidden recipients
	TextOutside     Flaw = "text-outside"     // readable text or parts beside the sealed part
	BrokenSeal      Flaw = "broken-seal"      // the OpenPGP packets are not well formed
	BrokenArmour    Flaw = "broken-armour"    // the text form of the packets is not well formed
	BrokenMIME      Flaw = "broken-mime"      // the parts are not well formed
	BrokenHeader    Flaw = "broken-header"    // a header field is not well formed
	DuplicateHeader Flaw = "duplicate-header" // a field that may stand once stands twice
	BrokenLines     Flaw = "broken-lines"     // bare CR, bare LF, NUL, or a line over 998 octets
)

// Flaws lists every Flaw.
var Flaws = []Flaw{
	NotSealed, SignedOnly, SMIME, PasswordSealed, NoIntegrity, AnonymousKey, TextOutside, BrokenSeal,
	BrokenArmour, BrokenMIME, BrokenHeader, DuplicateHeader, BrokenLines,
}

// Fault is why Inspect did not accept a mail. None of it is text of the mail.
type Fault struct {
	Flaw   Flaw
	Detail string // one sentence, lower case, no full stop
	Offset int    // octets from the start of the mail; for faults of packets, of the OpenPGP octets
}

// Error returns flaw, detail and offset.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s (octet %d)", f.Flaw, f.Detail, f.Offset)
}
