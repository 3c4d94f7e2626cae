package imapd

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/emersion/go-imap/v2"

	"gsp.example/gsp/internal/gsp"
)

// codes is the response code (RFC 9051, section 7.1; RFC 5530) for each reason.
// Mail that may not be kept is CANNOT: trying again does not help.
var codes = map[gsp.Reason]imap.ResponseCode{
	gsp.NotSealed:        imap.ResponseCodeCannot,
	gsp.SignedOnly:       imap.ResponseCodeCannot,
	gsp.SMIME:            imap.ResponseCodeCannot,
	gsp.InlineSealed:     imap.ResponseCodeCannot,
	gsp.Rewritten:        imap.ResponseCodeCannot,
	gsp.PasswordSealed:   imap.ResponseCodeCannot,
	gsp.NoIntegrity:      imap.ResponseCodeCannot,
	gsp.AnonymousKey:     imap.ResponseCodeCannot,
	gsp.TextOutside:      imap.ResponseCodeCannot,
	gsp.TextAroundArmour: imap.ResponseCodeCannot,
	gsp.ExtraParts:       imap.ResponseCodeCannot,
	gsp.TooDeep:          imap.ResponseCodeCannot,
	gsp.BrokenSeal:       imap.ResponseCodeCannot,
	gsp.TrailingData:     imap.ResponseCodeCannot,
	gsp.BrokenArmour:     imap.ResponseCodeCannot,
	gsp.BrokenChecksum:   imap.ResponseCodeCannot,
	gsp.BrokenMIME:       imap.ResponseCodeCannot,
	gsp.BrokenHeader:     imap.ResponseCodeCannot,
	gsp.DuplicateHeader:  imap.ResponseCodeCannot,
	gsp.BrokenLines:      imap.ResponseCodeCannot,
	gsp.TooLarge:         imap.ResponseCodeTooBig,

	gsp.BrokenUIM:    imap.ResponseCodeCannot,
	gsp.UnmaskedUIM:  imap.ResponseCodeCannot,
	gsp.TooManyUIMs:  imap.ResponseCodeCannot,
	gsp.UnknownUIM:   imap.ResponseCodeCannot,
	gsp.AmbiguousUIM: imap.ResponseCodeCannot,
	gsp.NotAUIM:      imap.ResponseCodeCannot,
	gsp.NonParty:     imap.ResponseCodeCannot,
	gsp.NoUIM:        imap.ResponseCodeCannot,
	gsp.UIMMismatch:  imap.ResponseCodeCannot,
	gsp.UnknownCase:  imap.ResponseCodeCannot,
	gsp.WrongType:    imap.ResponseCodeCannot,
	gsp.Automatic:    imap.ResponseCodeCannot,

	gsp.WrongSender:      imap.ResponseCodeNoPerm,
	gsp.UnknownRecipient: imap.ResponseCodeCannot,
	gsp.NotAllowed:       imap.ResponseCodeNoPerm,
	gsp.NoKey:            imap.ResponseCodeCannot,
	gsp.UnknownKey:       imap.ResponseCodeCannot,
	gsp.StrangeKey:       imap.ResponseCodeCannot,
	gsp.CannotRead:       imap.ResponseCodeCannot,
	gsp.WrongParty:       imap.ResponseCodeCannot,
	gsp.StaleKey:         imap.ResponseCodeCannot,
	gsp.SoleRecipient:    imap.ResponseCodeCannot,
	gsp.MailboxFull:      imap.ResponseCodeOverQuota, // RFC 9208, section 5.6
	gsp.NoKeyAttached:    imap.ResponseCodeCannot,
	gsp.UnknownCode:      imap.ResponseCodeCannot,
	gsp.NoDecision:       imap.ResponseCodeCannot,

	gsp.BadLogin:         imap.ResponseCodeAuthenticationFailed,
	gsp.LoginFirst:       imap.ResponseCodeClientBug,
	gsp.BadSequence:      imap.ResponseCodeClientBug,
	gsp.TooManyRcpts:     imap.ResponseCodeCannot,
	gsp.TooBusy:          imap.ResponseCodeUnavailable,
	gsp.TooManyMails:     imap.ResponseCodeLimit,
	gsp.TLSFirst:         imap.ResponseCodePrivacyRequired,
	gsp.NoMailbox:        imap.ResponseCodeNonExistent,
	gsp.MailboxExists:    imap.ResponseCodeAlreadyExists,
	gsp.ReadOnly:         imap.ResponseCodeNoPerm,
	gsp.Stopping:         imap.ResponseCodeUnavailable,
	gsp.InterruptedInput: imap.ResponseCodeClientBug,

	// Reasons of administration do not come to this door.
	gsp.PartyExists:     imap.ResponseCodeCannot,
	gsp.UnknownParty:    imap.ResponseCodeCannot,
	gsp.AccountExists:   imap.ResponseCodeCannot,
	gsp.UnknownAccount:  imap.ResponseCodeCannot,
	gsp.BrokenName:      imap.ResponseCodeCannot,
	gsp.BrokenKey:       imap.ResponseCodeCannot,
	gsp.PrivateKey:      imap.ResponseCodeCannot,
	gsp.WrongKeyAddress: imap.ResponseCodeCannot,
	gsp.WeakKey:         imap.ResponseCodeCannot,
	gsp.KeyInUse:        imap.ResponseCodeCannot,
	gsp.NoKeyWaits:      imap.ResponseCodeCannot,
	gsp.ApprovedAlready: imap.ResponseCodeCannot,
	gsp.BrokenLibrary:   imap.ResponseCodeCannot,
	gsp.OldLibrary:      imap.ResponseCodeCannot,
	gsp.UnsignedLibrary: imap.ResponseCodeCannot,
	gsp.BrokenConfig:    imap.ResponseCodeContactAdmin,
	gsp.BrokenPeriod:    imap.ResponseCodeCannot,
	gsp.BrokenQuota:     imap.ResponseCodeCannot,
	gsp.PortInUse:       imap.ResponseCodeContactAdmin,
	gsp.NewerData:       imap.ResponseCodeContactAdmin,
	gsp.DataInUse:       imap.ResponseCodeContactAdmin,
	gsp.NotRunning:      imap.ResponseCodeContactAdmin,
	gsp.NoCertificate:   imap.ResponseCodeContactAdmin,
	gsp.UnreadableFile:  imap.ResponseCodeContactAdmin,
	gsp.UnwritableFile:  imap.ResponseCodeContactAdmin,
}

// What this door itself refuses.
var (
	noMailbox = &gsp.Refusal{
		Reason: gsp.NoMailbox,
		Cause:  "there is no such mailbox",
		Remedy: "read the list of mailboxes anew",
	}
	mailboxExists = &gsp.Refusal{
		Reason: gsp.MailboxExists,
		Cause:  "there is a mailbox of this name already",
		Remedy: "choose another name",
	}
	brokenName = &gsp.Refusal{
		Reason: gsp.BrokenName,
		Cause:  "this cannot be the name of a mailbox",
		Remedy: "use letters and digits, at most 200, without & * % and control characters",
	}
	notAllowed = &gsp.Refusal{
		Reason: gsp.NotAllowed,
		Cause:  "your role does not allow this in this mailbox",
		Remedy: "where mail of a competent authority is, nobody deletes: move it to the Archive beside the INBOX, or ask your Party's administrator",
	}
	readOnly = &gsp.Refusal{
		Reason: gsp.ReadOnly,
		Cause:  "the mailbox was opened for reading only",
		Remedy: "open it with SELECT",
	}
	tooLarge = &gsp.Refusal{
		Reason: gsp.TooLarge,
		Cause:  "the command asks for more than one command may",
		Remedy: "ask in several commands",
	}
	noRoom = &gsp.Refusal{
		Reason: gsp.TooBusy,
		Cause:  "too many mails are coming in at this moment",
		Remedy: "try again in a minute",
	}
	interrupted = &gsp.Refusal{
		Reason: gsp.InterruptedInput,
		Cause:  "the mail did not arrive whole in time",
		Remedy: "check the network connection and save it again",
	}
	tooManySessions = &gsp.Refusal{
		Reason: gsp.TooBusy,
		Cause:  "too many connections of your account are open",
		Remedy: "close programs that you do not need, and try again in a minute",
	}
	disabled = &gsp.Refusal{
		Reason: gsp.BadLogin,
		Cause:  "this account may not log in any more",
		Remedy: "ask your Party's administrator",
	}
)

// reply turns an error into what the client is told. Where a refusal is none,
// it is our fault: the client gets a bland text and the log the rest.
func (s *session) reply(doing string, err error) error {
	var (
		done    *imap.Error
		refusal *gsp.Refusal
		full    *gsp.FullError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &done):
		return done
	case errors.As(err, &refusal):
	case errors.Is(err, gsp.ErrNotFound):
		refusal = noMailbox
	case errors.Is(err, gsp.ErrExists):
		refusal = mailboxExists
	case errors.As(err, &full):
		refusal = gsp.FullRefusal()
	case errors.Is(err, gsp.ErrTooManyKeywords):
		return no(imap.ResponseCodeLimit, tooManyKeywords)
	case errors.Is(err, gsp.ErrTooManyMailboxes):
		return no(imap.ResponseCodeLimit, "you have as many mailboxes as an account may have. Delete some that are not needed.")
	case errors.Is(err, gsp.ErrTooMany):
		return no(imap.ResponseCodeLimit, "one command copies 10,000 messages at most. Copy them in parts, or move them.")
	default:
		attrs := append([]slog.Attr{slog.String("doing", doing)}, s.who()...)
		s.log().LogAttrs(s.ctx, slog.LevelError, "imap command failed", append(attrs, slog.Any("error", err))...)
		return no(imap.ResponseCodeUnavailable, "the gateway could not do this now. Try again later.")
	}
	return no(codes[refusal.Reason], refusal.Text(s.Help))
}

// logRefusal logs a refusal that an operator may be asked about. What is none
// is for reply to log.
func (s *session) logRefusal(what string, err error) {
	var r *gsp.Refusal
	if !errors.As(err, &r) {
		return
	}
	attrs := []slog.Attr{slog.String("door", "reading"), slog.String("reason", string(r.Reason))}
	attrs = append(attrs, s.who()...)
	if r.Err != nil {
		attrs = append(attrs, slog.Any("error", r.Err))
	}
	s.log().LogAttrs(s.ctx, slog.LevelInfo, what, attrs...)
}

// who names the account in a line of the log, and the client if it named
// itself; nothing before login.
func (s *session) who() []slog.Attr {
	if s.account.ID == 0 {
		return nil
	}
	attrs := []slog.Attr{slog.String("party", string(s.account.Party)), slog.Int64("account", int64(s.account.ID))}
	if client := s.conn.Client(); client != "" {
		attrs = append(attrs, slog.String("client", client))
	}
	return attrs
}

// tryCreate is reply for a mailbox that something is put into: a client that
// meets TRYCREATE makes the mailbox and asks again.
func (s *session) tryCreate(doing string, err error) error {
	err = s.reply(doing, err)
	var done *imap.Error
	if errors.As(err, &done) && done.Code == imap.ResponseCodeNonExistent {
		return no(imap.ResponseCodeTryCreate, done.Text)
	}
	return err
}

var tooManyKeywords = fmt.Sprintf("a message may have %d keywords, and a mailbox %d different ones. Remove some that are not needed.",
	gsp.MessageKeywords, gsp.MailboxKeywords)

func no(code imap.ResponseCode, text string) error {
	text = strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: text}
}

func bad(text string) error {
	return &imap.Error{Type: imap.StatusResponseTypeBad, Code: imap.ResponseCodeClientBug, Text: text}
}
