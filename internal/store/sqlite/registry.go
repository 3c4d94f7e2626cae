package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// Load returns the whole roll, of one moment.
func (s *Store) Load(ctx context.Context) (gsp.Roll, error) {
	v, err := s.view(ctx)
	if err != nil {
		return gsp.Roll{}, fmt.Errorf("load roll: %w", err)
	}
	defer v.end()
	var r gsp.Roll
	for _, load := range []func(view, *gsp.Roll) error{
		loadParties, loadAccounts, loadGrants, loadTerms, loadCredentials, loadCertificates, loadWithdrawn, loadRequests, loadLibrary,
	} {
		if err := load(v, &r); err != nil {
			return gsp.Roll{}, fmt.Errorf("load roll: %w", err)
		}
	}
	return r, nil
}

// Libraries returns every published version of the pattern library, the newest
// first.
func (s *Store) Libraries(ctx context.Context) ([]gsp.LibraryText, error) {
	v, err := s.view(ctx)
	if err != nil {
		return nil, fmt.Errorf("read library versions: %w", err)
	}
	defer v.end()
	var all []gsp.LibraryText
	if err := eachLibrary(v, "", func(l gsp.LibraryText) { all = append(all, l) }); err != nil {
		return nil, fmt.Errorf("read library versions: %w", err)
	}
	return all, nil
}

// each calls scan for each row of a query.
func (v view) each(query string, scan func(*sql.Rows) error) error {
	rows, err := v.rows(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func loadParties(v view, r *gsp.Roll) error {
	return v.each(`SELECT id, name, parent, language, registered, withdrawn, automatic_keys FROM party ORDER BY id`, func(rows *sql.Rows) error {
		var (
			p                     gsp.Party
			registered, withdrawn int64
		)
		err := rows.Scan(&p.ID, &p.Name, &p.Parent, &p.Language, &registered, &withdrawn, &p.AutomaticKeys)
		p.Registered, p.Withdrawn = timeOf(registered), timeOf(withdrawn)
		r.Parties = append(r.Parties, p)
		return err
	})
}

func loadAccounts(v view, r *gsp.Roll) error {
	return v.each(`SELECT id, login, party, kind, name, language, issued, disabled FROM account ORDER BY id`, func(rows *sql.Rows) error {
		var (
			a                gsp.Account
			issued, disabled int64
		)
		err := rows.Scan(&a.ID, &a.Login, &a.Party, &a.Kind, &a.Name, &a.Language, &issued, &disabled)
		a.Issued, a.Disabled = timeOf(issued), timeOf(disabled)
		r.Accounts = append(r.Accounts, a)
		return err
	})
}

func loadGrants(v view, r *gsp.Roll) error {
	return v.each(`SELECT id, account, role, given_by, given, ended_by, ended FROM role_grant ORDER BY id`, func(rows *sql.Rows) error {
		var (
			g            gsp.Grant
			given, ended int64
		)
		err := rows.Scan(&g.ID, &g.Account, &g.Role, &g.GivenBy, &given, &g.EndedBy, &ended)
		g.Given, g.Ended = timeOf(given), timeOf(ended)
		r.Grants = append(r.Grants, g)
		return err
	})
}

func loadCredentials(v view, r *gsp.Roll) error {
	return v.each(`SELECT account, salt, iterations, stored_key, server_key, pins, issued FROM credential
		ORDER BY account`, func(rows *sql.Rows) error {
		var (
			c      gsp.Credential
			issued int64
			pins   []byte
		)
		err := rows.Scan(&c.Account, &c.Salt, &c.Iterations, &c.StoredKey, &c.ServerKey, &pins, &issued)
		c.Issued = timeOf(issued)
		for pin := range slices.Chunk(pins, 32) {
			c.Pins = append(c.Pins, [32]byte(pin))
		}
		r.Credentials = append(r.Credentials, c)
		return err
	})
}

func loadLibrary(v view, r *gsp.Roll) error {
	return eachLibrary(v, "LIMIT 1", func(l gsp.LibraryText) { r.Library = l })
}

// eachLibrary gives the published versions to do, the newest first.
func eachLibrary(v view, limit string, do func(gsp.LibraryText)) error {
	return v.each(`SELECT version, text, published, signature FROM library ORDER BY version DESC `+limit, func(rows *sql.Rows) error {
		var (
			l         gsp.LibraryText
			published int64
		)
		err := rows.Scan(&l.Version, &l.Text, &published, &l.Signature)
		l.Published = timeOf(published)
		do(l)
		return err
	})
}

// Apply makes a change true in one transaction with its events, and returns it
// with the numbers that the new account and new grants got. A new account or
// Party gets its mailboxes in the same transaction. One account at most is new.
//
// The error is gsp.ErrExists where a new account's or Party's mailbox owner
// name is taken or the library version published, and gsp.ErrNotFound for a
// certificate to withdraw that is not published, or a mailbox of a letter that
// does not exist. Publishing a certificate ends the one its address had, which it
// replaces.
func (s *Store) Apply(ctx context.Context, c gsp.Change) (gsp.Change, error) {
	letters, err := s.letters(c.Letters)
	if err != nil {
		return gsp.Change{}, fmt.Errorf("apply change: %w", err)
	}
	var applied gsp.Change
	err = s.write(ctx, func(t *tx) (err error) {
		applied = clone(c)
		if err := t.apply(&applied); err != nil {
			return err
		}
		for i, letter := range letters {
			if _, err := t.post(c.Letters[i], letter); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return gsp.Change{}, fmt.Errorf("apply change: %w", err)
	}
	return applied, nil
}

// letters prepares the mails of a change. They are the gateway's own and small,
// and stay in the database whatever its limit is, so that no file can be left.
func (s *Store) letters(postings []gsp.Posting) ([]mail, error) {
	letters := make([]mail, len(postings))
	for i, p := range postings {
		if err := check(p); err != nil {
			return nil, err
		}
		letters[i] = newMail(p)
	}
	return letters, nil
}

// clone copies a change as far as apply fills it in: it may run twice.
func clone(c gsp.Change) gsp.Change {
	c.Accounts = slices.Clone(c.Accounts)
	c.Grants = slices.Clone(c.Grants)
	c.Terms = slices.Clone(c.Terms)
	c.Credentials = slices.Clone(c.Credentials)
	c.History = slices.Clone(c.History)
	c.Events = slices.Clone(c.Events)
	return c
}

func (t *tx) apply(c *gsp.Change) error {
	for _, p := range c.Parties {
		if err := t.applyParty(p); err != nil {
			return err
		}
	}
	issued, err := t.applyAccounts(c.Accounts)
	if err != nil {
		return err
	}
	for i := range c.Grants {
		c.Grants[i].Account = cmp.Or(c.Grants[i].Account, issued)
		if err := t.applyGrant(&c.Grants[i]); err != nil {
			return err
		}
	}
	for i := range c.Terms {
		c.Terms[i].Account = cmp.Or(c.Terms[i].Account, issued)
		if err := t.applyTerm(c.Terms[i]); err != nil {
			return err
		}
	}
	for i := range c.Credentials {
		c.Credentials[i].Account = cmp.Or(c.Credentials[i].Account, issued)
		if err := t.applyCredential(c.Credentials[i]); err != nil {
			return err
		}
	}
	for _, cert := range c.Certificates {
		if err := t.applyCertificate(cert); err != nil {
			return err
		}
	}
	for _, r := range c.Requests {
		if err := t.applyRequest(r); err != nil {
			return err
		}
	}
	for i := range c.History {
		if err := t.applyRecord(&c.History[i]); err != nil {
			return err
		}
	}
	if c.Library != nil {
		if err := t.applyLibrary(*c.Library); err != nil {
			return err
		}
	}
	for i := range c.Events {
		e := &c.Events[i]
		e.Account = cmp.Or(e.Account, issued)
		id, err := t.record(*e)
		if err != nil {
			return err
		}
		e.ID = id
	}
	return nil
}

func (t *tx) applyParty(p gsp.Party) error {
	var known int
	if err := t.row(`SELECT count(*) FROM party WHERE id = ?`, p.ID).Scan(&known); err != nil {
		return err
	}
	if known == 0 {
		if err := t.ownerFree(string(p.ID)); err != nil {
			return err
		}
	}
	err := t.exec(`INSERT INTO party (id, name, parent, language, registered, withdrawn, automatic_keys)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent = excluded.parent,
			language = excluded.language, registered = excluded.registered, withdrawn = excluded.withdrawn,
			automatic_keys = excluded.automatic_keys`,
		p.ID, p.Name, p.Parent, p.Language, millis(p.Registered), millis(p.Withdrawn), p.AutomaticKeys)
	if err != nil || known > 0 {
		return err
	}
	for _, m := range gsp.StandardMailboxes {
		if m.Name == "INBOX" || m.Use == gsp.UseArchive {
			if _, err := t.makeBox(gsp.MailboxName{Owner: string(p.ID), Name: m.Name}, m.Use); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyAccounts returns the number of the new account, 0 where none is new.
// Two would leave open whose a grant without a number is.
func (t *tx) applyAccounts(accounts []gsp.Account) (issued gsp.AccountID, err error) {
	for i := range accounts {
		a := &accounts[i]
		isNew := a.ID == 0
		if isNew && issued != 0 {
			return 0, errors.New("more than one new account in a change")
		}
		if err := t.applyAccount(a); err != nil {
			return 0, err
		}
		if isNew {
			issued = a.ID
		}
	}
	return issued, nil
}

func (t *tx) applyAccount(a *gsp.Account) error {
	if a.ID != 0 {
		return t.changeAccount(*a)
	}
	if err := t.ownerFree(a.Login); err != nil {
		return err
	}
	id, err := t.insert(`INSERT INTO account (login, party, kind, name, language, issued, disabled)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, a.Login, a.Party, a.Kind, a.Name, a.Language, millis(a.Issued), millis(a.Disabled))
	if err != nil {
		return err
	}
	a.ID = gsp.AccountID(id)
	for _, m := range gsp.StandardMailboxes {
		if _, err := t.makeBox(gsp.MailboxName{Owner: a.Login, Name: m.Name}, m.Use); err != nil {
			return err
		}
	}
	return nil
}

// changeAccount replaces all of an account but its login, which its mailboxes
// and its address are named after.
func (t *tx) changeAccount(a gsp.Account) error {
	var login string
	err := t.row(`SELECT login FROM account WHERE id = ?`, a.ID).Scan(&login)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return gsp.ErrNotFound
	case err != nil:
		return err
	case login != a.Login:
		return fmt.Errorf("account %d: a login cannot change", a.ID)
	}
	return t.exec(`UPDATE account SET party = ?, kind = ?, name = ?, language = ?, issued = ?, disabled = ? WHERE id = ?`,
		a.Party, a.Kind, a.Name, a.Language, millis(a.Issued), millis(a.Disabled), a.ID)
}

// ownerFree reports gsp.ErrExists where somebody has mailboxes under the name.
func (t *tx) ownerFree(owner string) error {
	var n int
	err := t.row(`SELECT count(*) FROM mailbox WHERE owner = ?`, owner).Scan(&n)
	if err == nil && n > 0 {
		return gsp.ErrExists
	}
	return err
}

func (t *tx) applyGrant(g *gsp.Grant) error {
	if g.ID == 0 {
		id, err := t.insert(`INSERT INTO role_grant (account, role, given_by, given, ended_by, ended)
			VALUES (?, ?, ?, ?, ?, ?)`, g.Account, g.Role, g.GivenBy, millis(g.Given), g.EndedBy, millis(g.Ended))
		g.ID = id
		return err
	}
	// What was given to whom, by whom and when stays on record (FCTC/MOP/3/5,
	// annex, para 3): only the end is written.
	var n int
	err := t.row(`SELECT count(*) FROM role_grant WHERE id = ?`, g.ID).Scan(&n)
	if err == nil && n == 0 {
		err = gsp.ErrNotFound
	}
	if err != nil {
		return err
	}
	return t.exec(`UPDATE role_grant SET ended_by = ?, ended = ? WHERE id = ?`, g.EndedBy, millis(g.Ended), g.ID)
}

func (t *tx) applyCredential(c gsp.Credential) error {
	pins := []byte{}
	for _, pin := range c.Pins {
		pins = append(pins, pin[:]...)
	}
	return t.exec(`INSERT INTO credential (account, salt, iterations, stored_key, server_key, pins, issued)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET salt = excluded.salt,
			iterations = excluded.iterations, stored_key = excluded.stored_key,
			server_key = excluded.server_key, pins = excluded.pins, issued = excluded.issued`,
		c.Account, octets(c.Salt), c.Iterations, octets(c.StoredKey), octets(c.ServerKey), pins, millis(c.Issued))
}

func (t *tx) applyLibrary(l gsp.LibraryText) error {
	var n int
	err := t.row(`SELECT count(*) FROM library WHERE version = ?`, l.Version).Scan(&n)
	if err == nil && n > 0 {
		err = gsp.ErrExists
	}
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO library (version, text, published, signature) VALUES (?, ?, ?, ?)`,
		l.Version, octets(l.Text), millis(l.Published), octets(l.Signature))
}

// octets makes an absent value an empty one; the driver writes nil as NULL.
func octets(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
