package notice

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// Library writes the answer of library@: the pattern library in force with its
// signature and the Secretariat's key, and the list of competent authorities
// (Protocol, Article 8, paragraph 8) as text, CSV and JSON, with their keys as
// one file that the gateway has signed. An empty ring is left out.
func Library(roll *registry.Snapshot, l gsp.Language, ring gsp.Keyring, at time.Time) Content {
	w := &writer{texts: textsOf(l)}
	files := w.library(roll)
	w.line("")
	var list []authority
	for _, p := range roll.Parties() {
		if a, ok := authorityOf(roll, p.ID, at); ok {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		w.line(w.texts.Library.Nobody)
	} else {
		w.line(w.texts.Library.Authorities)
	}
	for _, a := range list {
		text := w.texts.Library.Authority
		if a.cert == nil {
			text = w.texts.Library.Keyless
		}
		w.line(text, "party", called(roll, a.Party), "address", a.Address, "fingerprint", a.Fingerprint)
	}
	files = append(files, asCSV(list), asJSON(list))
	files = append(files, w.keyring(roll, ring)...)
	c := w.content(w.texts.Library.Subject)
	c.Attachments = files
	return c
}

// keyring tells of the keys of all Parties and returns the file, its signature
// and the key that made it.
func (w *writer) keyring(roll *registry.Snapshot, ring gsp.Keyring) []Attachment {
	signer, ok := roll.Cert(roll.Address(registry.KeysLocal))
	if len(ring.Binary.Bytes) == 0 || !ok || signer.Fingerprint() != ring.Signer {
		return nil
	}
	// Armoured, since mail programs then offer to take the keys.
	const name = "parties.asc"
	key := publicKey(signer)
	w.line("")
	w.line(w.texts.Library.Keyring, "file", name)
	w.line(w.texts.Library.KeyringSigned, "command", fmt.Sprintf("gpg --verify %s.sig %s", name, name))
	w.line(w.texts.Library.Gateway, "fingerprint", ring.Signer, "file", key.Name)
	return []Attachment{
		{Name: name, Type: "application/pgp-keys", Body: ring.Armoured.Bytes},
		{Name: name + ".sig", Type: "application/pgp-signature", Body: ring.Armoured.Signature},
		key,
	}
}

// library tells of the library in force and returns its files.
func (w *writer) library(roll *registry.Snapshot) []Attachment {
	library := roll.LibraryText()
	if library.Version == 0 {
		w.line(w.texts.Library.None)
		return nil
	}
	name := fmt.Sprintf("gsp-library-%d.toml", library.Version)
	w.line(w.texts.Library.Version, "version", fmt.Sprint(library.Version), "date", day(library.Published), "file", name)
	w.line(w.texts.Library.Digest, "digest", fmt.Sprintf("%x", sha256.Sum256(library.Text)))
	files := []Attachment{{Name: name, Type: "application/toml", Body: library.Text}}
	if len(library.Signature) == 0 {
		w.line(w.texts.Library.Unsigned)
		return files
	}
	w.line(w.texts.Library.Signed, "command", fmt.Sprintf("gpg --verify %s.asc %s", name, name))
	files = append(files, Attachment{Name: name + ".asc", Type: "application/pgp-signature", Body: library.Signature})
	if cert, ok := roll.Cert(roll.Address(registry.SecretariatLocal)); ok {
		key := publicKey(cert)
		w.line(w.texts.Library.Signer, "fingerprint", cert.Fingerprint(), "file", key.Name)
		files = append(files, key)
	}
	return files
}

func asCSV(list []authority) Attachment {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true // RFC 4180, section 2
	rows := [][]string{{"party", "name", "region", "address", "fingerprint"}}
	for _, a := range list {
		rows = append(rows, []string{string(a.Party), a.Name, string(a.Region), a.Address, a.Fingerprint})
	}
	_ = w.WriteAll(rows) // a buffer takes all
	return Attachment{Name: "competent-authorities.csv", Type: "text/csv; charset=utf-8; header=present", Body: b.Bytes()}
}

func asJSON(list []authority) Attachment {
	text, _ := json.MarshalIndent(append([]authority{}, list...), "", " ") // strings can always be written
	return Attachment{Name: "competent-authorities.json", Type: "application/json", Body: append(text, '\n')}
}
