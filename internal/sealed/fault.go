package sealed

import "fmt"

// Flaw names what is wrong with a mail. Its texts are those of the gateway's
// refusals (gsp.Reason), and like them never change their meaning.
type Flaw string

// The flaws.
const (
	NotSealed        Flaw = "not-sealed"         // nothing is encrypted, or not as PGP/MIME
	SignedOnly       Flaw = "signed-only"        // signed, not encrypted
	SMIME            Flaw = "smime"              // sealed with S/MIME
	InlineSealed     Flaw = "inline-sealed"      // an armoured message is the text of the mail
	Rewritten        Flaw = "rewritten"          // the parts are those of PGP/MIME, their wrapper is not
	PasswordSealed   Flaw = "password-sealed"    // a password opens it
	NoIntegrity      Flaw = "no-integrity"       // no protection against alteration
	AnonymousKey     Flaw = "anonymous-key"      // hidden recipients
	TextOutside      Flaw = "text-outside"       // text before the first part or behind the last
	TextAroundArmour Flaw = "text-around-armour" // text, or another block, beside the armoured message
	ExtraParts       Flaw = "extra-parts"        // parts beside the sealed one
	TooDeep          Flaw = "too-deep"           // a multipart or a mail stands in a part
	BrokenSeal       Flaw = "broken-seal"        // the OpenPGP packets are not well formed
	TrailingData     Flaw = "trailing-data"      // something follows the data packet
	BrokenArmour     Flaw = "broken-armour"      // the text form of the packets is not well formed
	BrokenChecksum   Flaw = "broken-checksum"    // the checksum of the armour does not match
	BrokenMIME       Flaw = "broken-mime"        // the parts are not well formed
	BrokenHeader     Flaw = "broken-header"      // a header field is not well formed
	DuplicateHeader  Flaw = "duplicate-header"   // a field that may stand once stands twice
	BrokenLines      Flaw = "broken-lines"       // bare CR, bare LF, NUL, or a line over 998 octets
)

// Flaws lists every Flaw.
var Flaws = []Flaw{
	NotSealed, SignedOnly, SMIME, InlineSealed, Rewritten, PasswordSealed, NoIntegrity, AnonymousKey,
	TextOutside, TextAroundArmour, ExtraParts, TooDeep, BrokenSeal, TrailingData, BrokenArmour, BrokenChecksum,
	BrokenMIME, BrokenHeader, DuplicateHeader, BrokenLines,
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
