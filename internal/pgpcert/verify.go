package pgpcert

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"gsp.example/gsp/internal/gsp"
)

// certifications are the signatures that bind a user ID (RFC 9580, section
// 5.2.1).
var certifications = []packet.SignatureType{
	packet.SigTypeGenericCert, packet.SigTypePersonaCert, packet.SigTypeCasualCert, packet.SigTypePositiveCert,
}

// maxUserID is the longest user ID that is published, in octets.
const maxUserID = 256

// verdict is what becomes of a signature.
type verdict int

const (
	untrue verdict = iota // not a signature of this, or not to be understood
	feeble                // true, with a hash that can be forged
	good
)

// judge applies the rules that hold for every signature that grants something.
func judge(s *packet.Signature, verify func(*packet.Signature) error, now time.Time) verdict {
	switch {
	case s.CreationTime.After(now.Add(skew)):
		return untrue
	case slices.ContainsFunc(s.Notations, func(n *packet.Notation) bool { return n.IsCritical }):
		return untrue // RFC 9580, section 5.2.3.24: we know no notation
	case verify(s) != nil:
		return untrue
	case !strongHash(s):
		return feeble
	}
	return good
}

// keep leaves of a component's signatures the newest good one of the kinds
// that bind it, and every true revocation; GnuPG's export-minimal does the
// same. Older ones say nothing that counts, and each that is left out need not
// be verified by anybody. It reports whether a feeble one was left out.
//
// For a revocation the hash does not matter: a forged one does less harm than
// an overlooked one.
func (c *component) keep(kinds []packet.SignatureType, verify func(*packet.Signature) error,
	revocation packet.SignatureType, verifyRevocation func(*packet.Signature) error, now time.Time) (feebly bool) {
	slices.SortStableFunc(c.sigs, func(a, b signature) int { return b.sig.CreationTime.Compare(a.sig.CreationTime) })
	bound := false
	var revocations []signature
	c.sigs = slices.DeleteFunc(c.sigs, func(s signature) bool {
		switch {
		case s.sig.SigType == revocation:
			if slices.ContainsFunc(revocations, s.says) || verifyRevocation(s.sig) != nil {
				return true
			}
			revocations = append(revocations, s)
			return false
		case bound || !slices.Contains(kinds, s.sig.SigType):
			return true
		}
		v := judge(s.sig, verify, now)
		feebly = feebly || v == feeble
		bound = v == good
		return !bound
	})
	return feebly
}

// says reports whether two signatures sign the same statement. What else a
// signature packet holds anybody can change, and so make many of one.
func (s signature) says(other signature) bool {
	return bytes.Equal(s.sig.HashSuffix, other.sig.HashSuffix)
}

// vetPrimary keeps the true signatures over the primary key alone.
func (t *transferable) vetPrimary(now time.Time) {
	key := t.primary.key
	t.primary.keep([]packet.SignatureType{packet.SigTypeDirectSignature}, key.VerifyDirectKeySignature,
		packet.SigTypeKeyRevocation, key.VerifyRevocationSignature, now)
}

// revoked reports whether a primary key is revoked, for whatever reason.
func (c *component) revoked() bool { return newest(c.sigs, packet.SigTypeKeyRevocation) != nil }

// revoked reports whether the owner has revoked the primary key or the one user
// ID.
func (t *transferable) revoked() bool { return t.primary.revoked() || t.userIDs[0].disowned() }

// dropEncryption leaves out the subkeys for encryption. Sequoia's programs
// (sqop 0.27, sq 0.27) seal for those of a revoked certificate if they are
// there. The ones for signing stay, to check what was signed.
func (t *transferable) dropEncryption() {
	t.subkeys = slices.DeleteFunc(t.subkeys, func(sub component) bool {
		return encrypts(newest(sub.sigs, packet.SigTypeSubkeyBinding), sub.key)
	})
}

// vetUserIDs keeps the one user ID that names addr, and behind it one for each
// alias that has one.
func (t *transferable) vetUserIDs(addr gsp.Address, aliases []string, now time.Time) error {
	chosen, err := t.vetUserIDsOf(addr, now)
	switch {
	case err != nil && t.namedFor(addr, aliases) != addr:
		return aliasAlone(addr)
	case err != nil:
		return err
	}
	kept := []component{chosen}
	for _, domain := range aliases {
		// One that could not be published is left out as any other is.
		if u, err := t.vetUserIDsOf(gsp.Address{Local: addr.Local, Domain: domain}, now); err == nil {
			kept = append(kept, u)
		}
	}
	t.userIDs = kept
	return nil
}

// namedFor returns the address that t has a user ID for: addr, else that of an
// alias, else addr all the same.
func (t *transferable) namedFor(addr gsp.Address, aliases []string) gsp.Address {
	for _, domain := range append([]string{addr.Domain}, aliases...) {
		a := gsp.Address{Local: addr.Local, Domain: domain}
		if slices.ContainsFunc(t.userIDs, func(u component) bool { return names(u.userID, a) }) {
			return a
		}
	}
	return addr
}

// vetUserIDsOf returns the user ID that names addr and was certified last,
// before one that is revoked.
func (t *transferable) vetUserIDsOf(addr gsp.Address, now time.Time) (component, error) {
	var chosen *component
	named, feebly := false, false
	for i := range t.userIDs {
		u := &t.userIDs[i]
		if !names(u.userID, addr) {
			continue
		}
		named = true
		feebly = t.vetUserID(u, now) || feebly
		if u.prevails(chosen) {
			chosen = u
		}
	}
	switch {
	case chosen != nil:
		return *chosen, nil
	case feebly:
		return component{}, weak(feebleHash)
	case named:
		return component{}, broken("the user ID of this key has no valid signature by the key itself", exportAgain, nil)
	}
	return component{}, wrongAddress(addr, nil)
}

// prevails reports whether u is certified, and rather the user ID of its
// certificate than other, nil for none.
func (u *component) prevails(other *component) bool {
	mine := newest(u.sigs, certifications...)
	switch {
	case mine == nil:
		return false
	case other == nil:
		return true
	case u.disowned() != other.disowned():
		return other.disowned()
	}
	return mine.CreationTime.After(newest(other.sigs, certifications...).CreationTime)
}

// vetUserID keeps the newest certification of u and its revocations, and
// reports whether there was a feeble one.
func (t *transferable) vetUserID(u *component, now time.Time) (feebly bool) {
	verify := func(s *packet.Signature) error {
		return t.primary.key.VerifyUserIdSignature(u.userID, t.primary.key, s)
	}
	return u.keep(certifications, verify, packet.SigTypeCertificationRevocation, verify, now)
}

// disowned reports whether a user ID is revoked and was not certified again
// later (RFC 9580, section 5.2.3.31).
func (u *component) disowned() bool {
	r := newest(u.sigs, packet.SigTypeCertificationRevocation)
	certification := newest(u.sigs, certifications...)
	return r != nil && certification != nil && !r.CreationTime.Before(certification.CreationTime)
}

// vetSubkeys keeps the subkeys for encryption and signing that are bound and
// strong, revoked and expired ones too: clients that still hold one must
// learn of its end. It says why an encryption subkey was too weak, "" if none
// was.
func (t *transferable) vetSubkeys(now time.Time) (tooWeak string) {
	kept := make([]component, 0, len(t.subkeys))
	for _, sub := range t.subkeys {
		if why := weakness(sub.key); why != "" {
			// Before any signature is verified: an RSA number may have 65,535 bits.
			if b := newest(sub.sigs, packet.SigTypeSubkeyBinding); b != nil && encrypts(b, sub.key) {
				tooWeak = "for encryption " + why
			}
			continue
		}
		feebly := t.vetSubkey(&sub, now)
		binding := newest(sub.sigs, packet.SigTypeSubkeyBinding)
		switch {
		case binding == nil && feebly:
			tooWeak = feebleHash
		case binding != nil && (encrypts(binding, sub.key) || binding.FlagsValid && binding.FlagSign):
			kept = append(kept, sub)
		}
	}
	t.subkeys = kept
	return tooWeak
}

// dropPostQuantum leaves post-quantum subkeys out of a certificate of version 4,
// and reports whether there were any. RNP 0.16.3 takes nothing of a certificate
// with an algorithm that it does not know. One of version 6 is not for such
// programs.
func (t *transferable) dropPostQuantum() bool {
	before := len(t.subkeys)
	t.subkeys = slices.DeleteFunc(t.subkeys, func(sub component) bool {
		return sub.key.Version == 4 && postQuantum(int(sub.key.PubKeyAlgo))
	})
	return len(t.subkeys) < before
}

// vetSubkey keeps the newest binding of sub and its revocations, and reports
// whether there was a feeble one. A binding for signing needs a signature back
// by the subkey, else one could claim a stranger's (RFC 9580, section 5.2.1.8);
// VerifyKeySignature asks for it.
func (t *transferable) vetSubkey(sub *component, now time.Time) (feebly bool) {
	primary := t.primary.key
	return sub.keep(
		[]packet.SignatureType{packet.SigTypeSubkeyBinding},
		func(s *packet.Signature) error { return primary.VerifyKeySignature(sub.key, s) },
		packet.SigTypeSubkeyRevocation,
		func(s *packet.Signature) error { return primary.VerifySubkeyRevocationSignature(s, sub.key) },
		now)
}

// names reports whether a user ID is that of addr: "name <local@domain>" or
// the bare address. The whole address is compared, so that
// "ke@gsp.example <eve@elsewhere>" is eve's; and since people read the name,
// it may not show another address nor turn the direction of writing.
func names(userID string, addr gsp.Address) bool {
	if len(userID) > maxUserID || !utf8.ValidString(userID) {
		return false
	}
	if strings.ContainsFunc(userID, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
		return false
	}
	name, mailbox := "", userID
	if rest, ok := strings.CutSuffix(userID, ">"); ok {
		open := strings.LastIndexByte(rest, '<')
		if open < 0 {
			return false
		}
		name, mailbox = rest[:open], rest[open+1:]
	}
	got, err := gsp.ParseAddress(mailbox)
	if err != nil || got != addr || strings.ContainsAny(name, "<>") {
		return false
	}
	if !strings.Contains(name, "@") {
		return true
	}
	shown, err := gsp.ParseAddress(strings.Trim(name, ` "`))
	return err == nil && shown == addr
}
