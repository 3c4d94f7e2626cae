package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gsp.example/gsp/internal/gsp"
)

// KeyHistory returns all that was done with the certificates of an address, the
// earliest first.
func (s *Store) KeyHistory(ctx context.Context, a gsp.Address) ([]gsp.KeyRecord, error) {
	v, err := s.view(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the history of a key: %w", err)
	}
	defer v.end()
	rows, err := v.rows(`SELECT id, at, act, by, fingerprint, answer FROM key_history
		WHERE local = ? AND domain = ? ORDER BY id`, a.Local, a.Domain)
	if err != nil {
		return nil, fmt.Errorf("read the history of a key: %w", err)
	}
	defer rows.Close()
	var all []gsp.KeyRecord
	for rows.Next() {
		var (
			at     int64
			answer []byte
			r      = gsp.KeyRecord{Address: a}
		)
		if err := rows.Scan(&r.ID, &at, &r.Act, &r.By, &r.Fingerprint, &answer); err != nil {
			return nil, fmt.Errorf("read the history of a key: %w", err)
		}
		r.At = timeOf(at)
		copy(r.Answer[:], answer)
		all = append(all, r)
	}
	return all, rows.Err()
}

func loadCertificates(v view, r *gsp.Roll) (err error) {
	r.Certificates, err = v.certificates(`WHERE withdrawn = 0 ORDER BY local, domain, length(fingerprint)`)
	return err
}

func loadWithdrawn(v view, r *gsp.Roll) (err error) {
	r.Withdrawn, err = v.certificates(fmt.Sprintf(`WHERE withdrawn > 0 ORDER BY withdrawn DESC, id DESC LIMIT %d`, gsp.MaxWithdrawn))
	return err
}

// certificates returns those that a condition picks.
func (v view) certificates(which string) (all []gsp.Certificate, err error) {
	err = v.each(`SELECT local, domain, fingerprint, octets, published, withdrawn, replaced FROM certificate `+which, func(rows *sql.Rows) error {
		var (
			c                    gsp.Certificate
			published, withdrawn int64
		)
		err := rows.Scan(&c.Address.Local, &c.Address.Domain, &c.Fingerprint, &c.Bytes, &published, &withdrawn, &c.Replaced)
		c.Published, c.Withdrawn = timeOf(published), timeOf(withdrawn)
		all = append(all, c)
		return err
	})
	return all, err
}

func loadRequests(v view, r *gsp.Roll) error {
	return v.each(`SELECT local, domain, fingerprint, octets, account, handed_in, nonce, until, confirmed, approvals, codes
		FROM key_request ORDER BY local, domain`, func(rows *sql.Rows) error {
		var (
			q                          gsp.KeyRequest
			handedIn, until, confirmed int64
			nonce, approvals, codes    []byte
		)
		err := rows.Scan(&q.Address.Local, &q.Address.Domain, &q.Fingerprint, &q.Bytes, &q.Account, &handedIn, &nonce, &until, &confirmed,
			&approvals, &codes)
		if err != nil {
			return err
		}
		q.HandedIn, q.Until, q.Confirmed = timeOf(handedIn), timeOf(until), timeOf(confirmed)
		copy(q.Nonce[:], nonce)
		if err := json.Unmarshal(approvals, &q.Approvals); err != nil {
			return err
		}
		if q.Codes, err = splitCodes(codes); err != nil {
			return err
		}
		r.Requests = append(r.Requests, q)
		return nil
	})
}

// codeLength is that of a gsp.ApprovalCode as it is stored, in octets.
const codeLength = 8 + 32

func joinCodes(codes []gsp.ApprovalCode) []byte {
	b := make([]byte, 0, len(codes)*codeLength)
	for _, c := range codes {
		b = append(binary.BigEndian.AppendUint64(b, uint64(c.Account)), c.Digest[:]...)
	}
	return b
}

func splitCodes(b []byte) (codes []gsp.ApprovalCode, err error) {
	if len(b)%codeLength != 0 {
		return nil, fmt.Errorf("codes of a request: got %d octets, want a multiple of %d", len(b), codeLength)
	}
	for c := range slices.Chunk(b, codeLength) {
		codes = append(codes, gsp.ApprovalCode{Account: gsp.AccountID(binary.BigEndian.Uint64(c)), Digest: [32]byte(c[8:])})
	}
	return codes, nil
}

func (t *tx) applyCertificate(c gsp.Certificate) error {
	if c.Withdrawn.IsZero() {
		if c.Published.IsZero() {
			c.Published = t.store.options.Now()
		}
		err := t.exec(`UPDATE certificate SET withdrawn = ?, replaced = 1
			WHERE local = ? AND domain = ? AND withdrawn = 0 AND length(fingerprint) = length(?)`,
			millis(c.Published), c.Address.Local, c.Address.Domain, c.Fingerprint)
		if err != nil {
			return err
		}
		return t.insertCertificate(c)
	}
	var id int64
	err := t.row(`SELECT id FROM certificate WHERE local = ? AND domain = ? AND fingerprint = ? AND withdrawn = 0`,
		c.Address.Local, c.Address.Domain, c.Fingerprint).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows) && c.Published.Equal(c.Withdrawn):
		return t.insertCertificate(c)
	case errors.Is(err, sql.ErrNoRows):
		return gsp.ErrNotFound
	case err != nil:
		return err
	}
	return t.exec(`UPDATE certificate SET withdrawn = ? WHERE id = ?`, millis(c.Withdrawn), id)
}

func (t *tx) insertCertificate(c gsp.Certificate) error {
	return t.exec(`INSERT INTO certificate (local, domain, fingerprint, octets, published, withdrawn)
		VALUES (?, ?, ?, ?, ?, ?)`,
		c.Address.Local, c.Address.Domain, c.Fingerprint, octets(c.Bytes), millis(c.Published), millis(c.Withdrawn))
}

// applyRequest replaces the request of an address, and forgets one that has
// ended.
func (t *tx) applyRequest(q gsp.KeyRequest) error {
	if err := t.exec(`DELETE FROM key_request WHERE local = ? AND domain = ?`, q.Address.Local, q.Address.Domain); err != nil {
		return err
	}
	if !q.Ended.IsZero() {
		return nil
	}
	approvals, err := json.Marshal(q.Approvals)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO key_request (local, domain, fingerprint, octets, account, handed_in, nonce, until, confirmed, approvals, codes)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		q.Address.Local, q.Address.Domain, q.Fingerprint, octets(q.Bytes), q.Account, millis(q.HandedIn), q.Nonce[:], millis(q.Until),
		millis(q.Confirmed), string(approvals), joinCodes(q.Codes))
}

func (t *tx) applyRecord(r *gsp.KeyRecord) (err error) {
	r.ID, err = t.insert(`INSERT INTO key_history (local, domain, at, act, by, fingerprint, answer) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		r.Address.Local, r.Address.Domain, millis(r.At), r.Act, r.By, r.Fingerprint, r.Answer[:])
	return err
}
