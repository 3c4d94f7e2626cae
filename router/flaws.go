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
	sealed.InlineSealed: {
		"the text of this mail is encrypted, but the mail around it is not sealed as PGP/MIME",
		"choose PGP/MIME instead of inline PGP in your mail program and send it again",
	},
	sealed.Rewritten: {
		"a server on the way took this sealed mail apart and put it together in another way",
		"send it straight to the gateway, with the server name on your credential sheet",
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
		"this mail has readable text before or behind its encrypted part",
		"switch off footers and disclaimers that are added after encryption and send it again",
	},
	sealed.TextAroundArmour: {
		"readable text or a second block stands beside the OpenPGP text block",
		"put everything into one encrypted part, as PGP/MIME does, and send it again",
	},
	sealed.ExtraParts: {
		"this mail has readable parts or files beside its encrypted part",
		"put the text and all files into the encrypted part, as PGP/MIME does, and send it again",
	},
	sealed.TooDeep: {
		"another multipart or mail stands inside a part of this mail, or around its encrypted part",
		"send the sealed mail itself, not one that contains it",
	},
	sealed.BrokenSeal: {
		"the encrypted part of this mail is not a well-formed OpenPGP message",
		"send it again; if that does not help, update your OpenPGP program",
	},
	sealed.TrailingData: {
		"something follows the encrypted data of this mail",
		"send it again; if that does not help, update your OpenPGP program",
	},
	sealed.BrokenArmour: {
		"the encrypted part of this mail was damaged on its way or is not one OpenPGP text block",
		"send it again; if that does not help, look for a program that rewrites your mail",
	},
	sealed.BrokenChecksum: {
		"the encrypted part of this mail was changed on its way: its checksum does not match",
		"send it again; if that does not help, look for a program that rewrites your mail",
	},
	sealed.BrokenMIME: {
		"this mail is not put together as PGP/MIME has it (RFC 3156)",
		"choose PGP/MIME in your mail program and send it again without further parts",
	},
	sealed.BrokenHeader: {
		"the header of this mail is not well formed",
		"mask and count the UIMs if there are many; if that does not help, update your mail program",
	},
	sealed.DuplicateHeader: {
		"a header field of this mail is ambiguous",
		"send it again; if that does not help, update your mail program",
	},
	sealed.BrokenLines: {
		"this mail has lines that do not end in CR LF, or a NUL character",
		"send it again; if that does not help, update your mail program",
	},
}
