package wks

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/sealed"
)

// Bounds of a mail: a certificate in base64, its armour in base64 again, and
// text beside it.
const (
	maxMail  = 512 << 10 // octets as they came
	maxText  = 256 << 10 // octets when opened
	maxParts = 50
	maxDepth = 5
)

// Mail is what a mail to keys@ has of use. Nothing of it is checked yet.
type Mail struct {
	Keys     [][]byte // what looks like an OpenPGP key, public or not
	Codes    []string // what looks like a code that was sent back
	Decision Decision // of the first text
	Sealed   bool
	Signed   time.Time // when the sender signed it, inside the seal; zero for not
}

// Read reads a mail to keys@, sealed or not, that came from the owner of a
// certificate, nil for none, at a time. The error is a *sealed.Fault where the
// seal is broken, else a *gsp.Refusal. Nothing of the mail is kept.
func (k *Key) Read(raw []byte, sender *pgpcert.Cert, at time.Time) (Mail, error) {
	if len(raw) > maxMail {
		return Mail{}, tooLarge()
	}
	head, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, noKey(err)
	}
	r := reader{}
	entity := raw
	if kind, _, _ := mime.ParseMediaType(head.Header.Get("Content-Type")); kind == "multipart/encrypted" {
		m, err := sealed.Inspect(raw)
		if err != nil {
			return Mail{}, err
		}
		if entity, r.Signed, err = k.open(m, sender, at); err != nil {
			return Mail{}, err
		}
		r.Sealed = true
	}
	if err := r.entity(entity); err != nil {
		return Mail{}, noKey(err)
	}
	if len(r.Keys) == 0 { // what a person attached is what is meant
		r.autocrypt(head.Header)
	}
	if len(r.Keys)+len(r.Codes) == 0 && r.Decision.Verdict != Revoke {
		return Mail{}, noKey(nil)
	}
	return r.Mail, nil
}

// reader collects what is found in the parts of a mail.
type reader struct {
	Mail
	parts int
	said  bool // a text was read
}

var errParts = errors.New("too many parts, or parts within parts")

// entity reads a MIME entity with its header.
func (r *reader) entity(b []byte) error {
	m, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	return r.part(m.Header.Get, m.Body, 0)
}

// part reads one part, whose header fields get returns.
func (r *reader) part(get func(string) string, body io.Reader, depth int) error {
	if r.parts++; r.parts > maxParts || depth > maxDepth {
		return errParts
	}
	kind, params, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		kind = "text/plain" // RFC 2045, section 5.2
	}
	if strings.HasPrefix(kind, "multipart/") {
		all := multipart.NewReader(body, params["boundary"])
		for {
			p, err := all.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read a part: %w", err)
			}
			if err := r.part(p.Header.Get, p, depth+1); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(strings.TrimSpace(get("Content-Transfer-Encoding"))) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxText))
	if err != nil {
		return fmt.Errorf("read a part: %w", err)
	}
	r.leaf(kind, text)
	return nil
}

func (r *reader) leaf(kind string, text []byte) {
	switch kind {
	case MediaType, "application/vnd.gnupg.wkd":
		if code := answered(string(text)); code != "" {
			r.Codes = append(r.Codes, code)
		}
		return
	case "application/pgp-keys":
		r.key(text)
		return
	}
	if isKey(text) {
		r.key(text)
	}
	if !strings.HasPrefix(kind, "text/") {
		return
	}
	r.Codes = append(r.Codes, codes(string(text))...)
	if said := string(text); !r.said {
		if kind == "text/html" {
			said = plain(said)
		}
		r.Decision, r.said = decisionOf(said), true
	}
}

func (r *reader) key(b []byte) {
	same := func(other []byte) bool { return bytes.Equal(other, b) }
	if !slices.ContainsFunc(r.Keys, same) {
		r.Keys = append(r.Keys, b)
	}
}

// isKey reports whether a file or a text has an OpenPGP key in it. One that is
// quoted, as in an answer, does not count.
func isKey(b []byte) bool {
	if len(b) > 0 && slices.Contains([]byte{0x98, 0x99, 0xc6, 0x94, 0x95, 0xc5}, b[0]) {
		return true // the packet of a public or private key, in binary (RFC 9580, section 4.2)
	}
	for _, label := range []string{"PUBLIC", "PRIVATE"} {
		begin := []byte("-----BEGIN PGP " + label + " KEY BLOCK-----")
		if bytes.HasPrefix(b, begin) || bytes.Contains(b, append([]byte{'\n'}, begin...)) {
			return true
		}
	}
	return false
}

// autocrypt takes the key of the header field that mail programs add by
// themselves. Its other attributes do not matter: whose the key is stands in it.
func (r *reader) autocrypt(h mail.Header) {
	fields := h["Autocrypt"]
	if len(fields) != 1 {
		return // of several none counts
	}
	for attribute := range strings.SplitSeq(fields[0], ";") {
		name, value, _ := strings.Cut(attribute, "=")
		if strings.TrimSpace(name) != "keydata" {
			continue
		}
		data := strings.Join(strings.Fields(value), "")
		if key, err := base64.StdEncoding.DecodeString(data); err == nil && len(key) > 0 {
			r.key(key)
		}
	}
}

func tooLarge() error {
	return &gsp.Refusal{
		Reason: gsp.TooLarge,
		Cause:  fmt.Sprintf("this mail is larger than a key of %d KiB can make it", pgpcert.MaxSize>>10),
		Remedy: "send the public key alone, exported with gpg --armor --export-options export-minimal --export",
	}
}

func noKey(err error) error {
	return &gsp.Refusal{
		Reason: gsp.NoKeyAttached,
		Cause:  "this mail has neither a public key nor the code that proves who has one",
		Remedy: "attach your public key as a file, or answer the mail with the code and leave its text quoted",
		Err:    err,
	}
}
