package imapd

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-sasl"
	"golang.org/x/text/unicode/norm"

	"gsp.example/gsp/imapd/guard"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// session serves one connection. The library calls one method at a time, but
// for Idle: after a broken connection it does not wait for it.
type session struct {
	*Server
	ctx     context.Context // the library passes none; it ends with Close or the connection
	cancel  context.CancelFunc
	conn    *guard.Conn
	library *imapserver.Conn
	peer    peer.Peer
	since   time.Time

	account gsp.Account // zero before login
	failed  int         // logins

	mu   sync.Mutex // guards view
	view *view      // of the selected mailbox, nil for none
}

var (
	_ imapserver.SessionIMAP4rev2   = (*session)(nil)
	_ imapserver.SessionSASL        = (*session)(nil)
	_ imapserver.SessionAppendLimit = (*session)(nil)
)

// Close ends the session.
func (s *session) Close() error {
	s.cancel()
	if s.account.ID != 0 {
		s.countOut(s.account.ID)
		attrs := append(s.who(), slog.Duration("lasted", time.Since(s.since)))
		s.log().LogAttrs(context.Background(), slog.LevelDebug, "imap session ended", attrs...)
	}
	return nil
}

// Login checks a name and a password.
func (s *session) Login(login, password string) error {
	account, err := s.Accounts.Authenticate(s.ctx, s.peer, login, password)
	if err == nil {
		err = s.enter(account)
	}
	if err != nil {
		s.refuseLogin(err)
		return s.reply("log in", err)
	}
	return nil
}

// enter makes the session one of its account.
func (s *session) enter(account gsp.Account) error {
	if !s.countIn(account.ID) {
		return tooManySessions
	}
	s.account = account
	s.log().LogAttrs(s.ctx, slog.LevelInfo, "imap login", s.who()...)
	return nil
}

// refuseLogin logs and counts a failure, and ends the connection after some.
func (s *session) refuseLogin(err error) {
	if s.failed++; s.failed == s.badLogins() {
		s.conn.HangUp("too many failed logins")
	}
	s.logRefusal("login refused", err)
}

// AuthenticateMechanisms lists what AUTHENTICATE takes.
func (s *session) AuthenticateMechanisms() []string { return s.Accounts.Mechanisms(s.peer) }

// Authenticate starts an exchange (RFC 9051, section 6.2.2).
func (s *session) Authenticate(mechanism string) (sasl.Server, error) {
	e := &exchange{session: s}
	var ok bool
	e.Server, ok = s.Accounts.Exchange(mechanism, s.peer, func(a gsp.Account) { e.account = a })
	if !ok {
		return nil, no(imap.ResponseCodeCannot, "this login mechanism is not offered")
	}
	return e, nil
}

// exchange is a login whose errors are answers.
type exchange struct {
	sasl.Server
	session *session
	account gsp.Account // at its success
}

// Next implements sasl.Server.
func (e *exchange) Next(response []byte) ([]byte, bool, error) {
	challenge, done, err := e.Server.Next(response)
	if err == nil && done {
		err = e.session.enter(e.account)
	}
	if err != nil {
		e.session.refuseLogin(err)
		return nil, true, e.session.reply("log in", err)
	}
	return challenge, done, nil
}

// AppendLimit is told to clients (RFC 7889).
func (s *session) AppendLimit() uint32 { return uint32(s.maxMessage()) }

// Namespace names the account's own mailboxes and those of the competent
// authorities (RFC 2342).
func (s *session) Namespace() (*imap.NamespaceData, error) {
	data := &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Prefix: "", Delim: delimiter}}}
	shelves, err := s.shelves()
	if err != nil {
		return nil, s.reply("name spaces", err)
	}
	for _, shelf := range shelves {
		if shelf.Prefix != "" {
			data.Shared = []imap.NamespaceDescriptor{{Prefix: sharedRoot, Delim: delimiter}}
		}
	}
	return data, nil
}

// shelves asks what the account may open now.
func (s *session) shelves() ([]gsp.Shelf, error) {
	shelves := s.Accounts.Shelves(s.account.ID)
	if len(shelves) == 0 {
		s.conn.HangUp(disabled.Text(s.Help))
		return nil, disabled
	}
	return shelves, nil
}

// place is a mailbox name as this account means it.
type place struct {
	shelf gsp.Shelf
	name  gsp.MailboxName
}

// locate finds the shelf of a name. A shelf that the account may not read is
// not there for it.
func (s *session) locate(name string) (place, error) {
	shelves, err := s.shelves()
	if err != nil {
		return place{}, err
	}
	for _, shelf := range shelves {
		rest, ok := strings.CutPrefix(name, shelf.Prefix)
		if !ok || shelf.Prefix == "" && isShared(name) || shelf.Rights&gsp.MayRead == 0 {
			continue
		}
		if rest, ok = canonical(rest); !ok {
			return place{}, brokenName
		}
		return place{shelf, gsp.MailboxName{Owner: shelf.Owner, Name: rest}}, nil
	}
	return place{}, noMailbox
}

// find returns the mailbox of a name, if the account has these rights on it.
func (s *session) find(name string, rights gsp.Rights) (place, gsp.Mailbox, error) {
	p, err := s.locate(name)
	if err != nil {
		return place{}, gsp.Mailbox{}, err
	}
	boxes, err := s.Tree.Mailboxes(s.ctx, p.name.Owner)
	if err != nil {
		return place{}, gsp.Mailbox{}, err
	}
	i := slices.IndexFunc(boxes, func(b gsp.Mailbox) bool { return b.Name == p.name })
	if i < 0 { // it may be from before names were composed
		i = slices.IndexFunc(boxes, func(b gsp.Mailbox) bool { return norm.NFC.String(b.Name.Name) == p.name.Name })
	}
	switch {
	case i < 0:
		return place{}, gsp.Mailbox{}, noMailbox
	case p.shelf.Rights&rights != rights:
		return place{}, gsp.Mailbox{}, notAllowed
	}
	return p, boxes[i], nil
}

// rights returns what the account may do with an owner's mailboxes now.
func (s *session) rights(owner string) (gsp.Rights, error) {
	shelves, err := s.shelves()
	if err != nil {
		return 0, err
	}
	for _, shelf := range shelves {
		if shelf.Owner == owner {
			return shelf.Rights, nil
		}
	}
	return 0, nil
}
