package smtpd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"

	"gsp.example/gsp/internal/gsp"
)

// maxReply is the longest line of a reply, in octets, with its CR LF
// (RFC 5321, section 4.5.3.1.5).
const maxReply = 512

type code struct {
	code     int
	enhanced smtp.EnhancedCode // RFC 3463
}

// codes is the reply to each reason. Those of administration never come up
// here; they are our own fault if they do.
var codes = map[gsp.Reason]code{
	gsp.NotSealed:        {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.SignedOnly:       {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.SMIME:            {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.InlineSealed:     {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.Rewritten:        {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.PasswordSealed:   {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.NoIntegrity:      {550, smtp.EnhancedCode{5, 7, 6}},
	gsp.AnonymousKey:     {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.TextOutside:      {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.TextAroundArmour: {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.ExtraParts:       {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.TooDeep:          {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.BrokenSeal:       {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.TrailingData:     {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.BrokenArmour:     {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.BrokenChecksum:   {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.BrokenMIME:       {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.BrokenHeader:     {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.DuplicateHeader:  {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.BrokenLines:      {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.TooLarge:         {552, smtp.EnhancedCode{5, 3, 4}},

	gsp.BrokenUIM:    {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.TooManyUIMs:  {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.UnknownUIM:   {550, smtp.EnhancedCode{5, 4, 4}}, // no route
	gsp.AmbiguousUIM: {550, smtp.EnhancedCode{5, 1, 4}}, // ambiguous destination
	gsp.NotAUIM:      {550, smtp.EnhancedCode{5, 4, 4}},
	gsp.NonParty:     {550, smtp.EnhancedCode{5, 4, 4}},
	gsp.NoUIM:        {550, smtp.EnhancedCode{5, 4, 4}},
	gsp.UnmaskedUIM:  {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.UIMMismatch:  {550, smtp.EnhancedCode{5, 1, 0}},
	gsp.UnknownCase:  {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.WrongType:    {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.Automatic:    {550, smtp.EnhancedCode{5, 7, 1}},

	gsp.WrongSender:      {550, smtp.EnhancedCode{5, 7, 1}}, // RFC 6409, section 6.1
	gsp.UnknownRecipient: {550, smtp.EnhancedCode{5, 1, 1}},
	gsp.NotAllowed:       {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.NoKey:            {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.UnknownKey:       {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.StrangeKey:       {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.CannotRead:       {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.WrongParty:       {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.StaleKey:         {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.SoleRecipient:    {550, smtp.EnhancedCode{5, 5, 3}},
	gsp.MailboxFull:      {452, smtp.EnhancedCode{4, 2, 2}}, // RFC 3463, section 3.3: persistent transient

	// Of a mail to keys@.
	gsp.NoKeyAttached:   {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.UnknownCode:     {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.NoDecision:      {550, smtp.EnhancedCode{5, 6, 0}},
	gsp.BrokenKey:       {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.PrivateKey:      {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.WrongKeyAddress: {550, smtp.EnhancedCode{5, 7, 5}},
	gsp.WeakKey:         {550, smtp.EnhancedCode{5, 7, 6}},
	gsp.KeyInUse:        {550, smtp.EnhancedCode{5, 7, 5}},

	gsp.BadLogin:         {535, smtp.EnhancedCode{5, 7, 8}}, // RFC 4954, section 6
	gsp.LoginFirst:       {530, smtp.EnhancedCode{5, 7, 0}},
	gsp.BadSequence:      badSequence,
	gsp.TooManyRcpts:     {452, smtp.EnhancedCode{4, 5, 3}},
	gsp.TooBusy:          {452, smtp.EnhancedCode{4, 3, 1}},
	gsp.TooManyMails:     {450, smtp.EnhancedCode{4, 7, 1}},
	gsp.TLSFirst:         {530, smtp.EnhancedCode{5, 7, 0}}, // RFC 3207, section 4
	gsp.NoMailbox:        {550, smtp.EnhancedCode{5, 1, 1}},
	gsp.MailboxExists:    {554, smtp.EnhancedCode{5, 3, 0}},
	gsp.ReadOnly:         {550, smtp.EnhancedCode{5, 7, 1}},
	gsp.Stopping:         {421, smtp.EnhancedCode{4, 3, 2}},
	gsp.InterruptedInput: {421, smtp.EnhancedCode{4, 4, 2}},

	gsp.PartyExists:     administrative,
	gsp.UnknownParty:    administrative,
	gsp.AccountExists:   administrative,
	gsp.UnknownAccount:  administrative,
	gsp.BrokenName:      administrative,
	gsp.NoKeyWaits:      administrative,
	gsp.ApprovedAlready: administrative,
	gsp.BrokenLibrary:   administrative,
	gsp.OldLibrary:      administrative,
	gsp.UnsignedLibrary: administrative,
	gsp.BrokenConfig:    administrative,
	gsp.BrokenPeriod:    administrative,
	gsp.BrokenQuota:     administrative,
	gsp.PortInUse:       administrative,
	gsp.NewerData:       administrative,
	gsp.DataInUse:       administrative,
	gsp.NotRunning:      administrative,
	gsp.NoCertificate:   administrative,
	gsp.UnreadableFile:  administrative,
	gsp.UnwritableFile:  administrative,
}

var administrative = code{451, smtp.EnhancedCode{4, 3, 5}}

// asRefusal finds the decision against the sender in err, if it is one that
// this door can tell.
func asRefusal(err error) (*gsp.Refusal, bool) {
	var r *gsp.Refusal
	if !errors.As(err, &r) {
		return nil, false
	}
	_, ok := codes[r.Reason]
	return r, ok
}

// reply is how a refusal is told. It is a bare *smtp.SMTPError because go-smtp
// does not unwrap errors and shows others to the client.
func reply(r *gsp.Refusal, help string) *smtp.SMTPError {
	c := codes[r.Reason]
	return &smtp.SMTPError{
		Code:         c.code,
		EnhancedCode: c.enhanced,
		Message:      fold(printable(r.Text(help)), c.enhanced),
	}
}

// failure is what a client is told when the fault is ours.
func failure() *smtp.SMTPError {
	return &smtp.SMTPError{
		Code:         451,
		EnhancedCode: smtp.EnhancedCode{4, 3, 0},
		Message:      "the gateway failed, and nothing was stored. Try again later.",
	}
}

// printable returns s with everything but printable ASCII made "?".
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// fold breaks text between words into lines that fit a reply. go-smtp puts
// the enhanced code on the last line only, but each shall have it (RFC 2034,
// section 4), so the others bring their own.
func fold(text string, enhanced smtp.EnhancedCode) string {
	prefix := fmt.Sprintf("%d.%d.%d ", enhanced[0], enhanced[1], enhanced[2])
	room := maxReply - len("550 ") - len(prefix) - len("\r\n")
	var b strings.Builder
	for len(text) > room {
		cut := strings.LastIndexByte(text[:room+1], ' ')
		if cut <= 0 {
			cut = room
		}
		b.WriteString(prefix + text[:cut] + "\n")
		text = strings.TrimPrefix(text[cut:], " ")
	}
	return b.String() + text
}

// render writes a reply as go-smtp does, for what the guard has to say.
func render(r *smtp.SMTPError) []byte {
	var b []byte
	text := r.Message
	for {
		line, rest, more := strings.Cut(text, "\n")
		if !more {
			e := r.EnhancedCode
			return fmt.Appendf(b, "%d %d.%d.%d %s\r\n", r.Code, e[0], e[1], e[2], line)
		}
		b = fmt.Appendf(b, "%d-%s\r\n", r.Code, line)
		text = rest
	}
}
