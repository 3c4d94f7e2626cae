package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// idleTime is how long one IDLE lasts. Servers may end a session after 30
// minutes (RFC 2177), and some firewalls forget a silent connection earlier.
const idleTime = 9 * time.Minute

// Mailbox is an open mailbox on a server (RFC 9051). It is not safe for
// concurrent use. When the context of a call ends, the connection is closed:
// go-imap takes no context, and a command half done leaves it in no state to
// go on.
type Mailbox struct {
	conn *imapclient.Client
	news chan struct{} // rung when the number of messages is told
	seen uint32        // the highest UID that was returned or stood there at the start
}

// OpenMailbox logs in and opens a mailbox: "INBOX", or another by its name.
func OpenMailbox(ctx context.Context, at Login, name string) (*Mailbox, error) {
	dialer := tls.Dialer{Config: at.tls()}
	conn, err := dialer.DialContext(ctx, "tcp", at.Server)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("connect to read: %w", err)
	}
	m := &Mailbox{news: make(chan struct{}, 1)}
	m.conn = imapclient.New(conn, &imapclient.Options{
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			Mailbox: func(d *imapclient.UnilateralDataMailbox) {
				if d.NumMessages == nil {
					return
				}
				select {
				case m.news <- struct{}{}:
				default:
				}
			},
		},
	})
	err = m.during(ctx, "log in", func() error {
		return m.conn.Authenticate(sasl.NewPlainClient("", at.User, at.Password))
	})
	if err != nil {
		m.conn.Close()
		return nil, err
	}
	err = m.during(ctx, "open mailbox", func() error {
		data, err := m.conn.Select(name, nil).Wait()
		if err == nil && data.UIDNext > 0 {
			m.seen = uint32(data.UIDNext) - 1
		}
		return err
	})
	if err != nil {
		m.conn.Close()
		return nil, err
	}
	return m, nil
}

// Close logs out.
func (m *Mailbox) Close() error {
	_ = m.conn.Logout().Wait() // the server may close first
	if err := m.conn.Close(); err != nil {
		return fmt.Errorf("close mailbox: %w", err)
	}
	return nil
}

// UIDs returns the UIDs of all messages, rising.
func (m *Mailbox) UIDs(ctx context.Context) ([]uint32, error) { return m.uids(ctx, 1) }

// WaitNew returns the UIDs of messages that arrived since the mailbox was
// opened or WaitNew last returned, rising. It waits by IDLE (RFC 2177) until
// there is one.
func (m *Mailbox) WaitNew(ctx context.Context) ([]uint32, error) {
	for {
		uids, err := m.uids(ctx, m.seen+1)
		if err != nil {
			return nil, err
		}
		if n := len(uids); n > 0 {
			m.seen = uids[n-1]
			return uids, nil
		}
		if err := m.idle(ctx); err != nil {
			return nil, err
		}
	}
}

// idle returns once the server told how many messages there are, or asks to
// be asked again. A bell that rang before is heard too.
func (m *Mailbox) idle(ctx context.Context) error {
	return m.during(ctx, "wait for mail", func() error {
		command, err := m.conn.Idle()
		if err != nil {
			return err
		}
		again := time.NewTimer(idleTime)
		defer again.Stop()
		select {
		case <-m.news:
		case <-again.C:
		case <-m.conn.Closed(): // by the server, or because ctx ended
			return errors.New("the connection is closed")
		}
		if err := command.Close(); err != nil {
			return err
		}
		return command.Wait()
	})
}

// uids returns the UIDs from first on.
func (m *Mailbox) uids(ctx context.Context, first uint32) ([]uint32, error) {
	var uids []uint32
	err := m.during(ctx, "look for mail", func() error {
		var from imap.UIDSet
		from.AddRange(imap.UID(first), 0)
		data, err := m.conn.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{from}}, nil).Wait()
		if err != nil {
			return err
		}
		for _, uid := range data.AllUIDs() {
			// first:* holds the last message even when its UID is lower (RFC 9051,
			// section 9, seq-range).
			if uint32(uid) >= first {
				uids = append(uids, uint32(uid))
			}
		}
		slices.Sort(uids)
		return nil
	})
	return uids, err
}

// Fetch returns a message as it stands on the server and marks it as read.
func (m *Mailbox) Fetch(ctx context.Context, uid uint32) ([]byte, error) {
	var raw []byte
	err := m.during(ctx, "fetch mail", func() error {
		whole := &imap.FetchItemBodySection{}
		messages, err := m.conn.Fetch(imap.UIDSetNum(imap.UID(uid)), &imap.FetchOptions{
			UID: true, BodySection: []*imap.FetchItemBodySection{whole},
		}).Collect()
		if err != nil {
			return err
		}
		if len(messages) != 1 {
			return errors.New("there is no such message")
		}
		raw = messages[0].FindBodySection(whole)
		return nil
	})
	return raw, err
}

// during runs an exchange with the server, which ends with ctx at the latest.
func (m *Mailbox) during(ctx context.Context, what string, exchange func() error) error {
	stop := context.AfterFunc(ctx, func() { m.conn.Close() })
	defer stop()
	if err := exchange(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
