package router

import "gsp.example/gsp/internal/sealed"

// flawTexts gives cause and remedy for each flaw that sealed.Inspect finds.
// The token of the refusal is the flaw's own.
var flawTexts = map[sealed.Flaw][2]string{
	sealed.NotSealed: {
		"this mail is not encrypted",
		"turn on OpenPGP encryption and send it again",
	},
	sealed.SignedOnly: {
		"this mail is signed but not encrypted",
		"turn on OpenPGP encryption beside the signature and send it again",
	},
	sealed.SMIME: {
		"this mail is sealed with S/MIME, which the other Parties cannot open",
		"choose OpenPGP in the security menu of your mail program and send it again",
	},
	sealed.PasswordSealed: {
		"this mail is sealed with a password",
		"seal it for the recipients' keys only and send it again",
	},
	sealed.NoIntegrity: {
		"this mail is encrypted in an old way that does not protect it against alteration",
		"update your OpenPGP program, or switch off its compatibility mode, and send it again",
	},
	sealed.AnonymousKey: {
		"this mail hides for whom it is sealed, so nobody can check that its recipients can open it",
		"switch off hidden recipients (throw-keyids) in your OpenPGP program and send it again",
	},
	sealed.TextOutside: {
		"this mail has readable text or a readable attachment beside its encrypted part",
		"put everything into the encrypted part, as PGP/MIME does, and send it again",
	},
	sealed.BrokenSeal: {
		"the encrypted part of this mail is not a well-formed OpenPGP message",
		"send it again; if that does not help, update your OpenPGP program",
	},
	sealed.BrokenArmour: {
		"the encrypted part of this mail was damaged on its way or is not one OpenPGP text block",
		"send it again; if that does not help, look for a program that rewrites your mail",
	},
	sealed.BrokenMIME: {
		"the parts of this mail are not those of an encrypted mail (RFC 3156)",
		"choose PGP/MIME in your mail program and send it again without further parts",
	},
	sealed.BrokenHeader: {
		"the header of this mail is not well formed or has more than 64 KiB",
		"mask and count the UIMs if there are many; if that does not help, update your mail program",
	},
	sealed.DuplicateHeader: {
		"a header field of this mail that may stand once stands twice",
		"send it again; if that does not help, update your mail program",
	},
	sealed.BrokenLines: {
		"this mail has lines that do not end in CR LF, or a NUL character",
		"send it again; if that does not help, update your mail program",
	},
}
