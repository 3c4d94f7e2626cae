package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/report"
)

// NewLibrary is the input of LibraryImport.
type NewLibrary struct {
	File      string `json:"file"` // its name, for messages
	Text      []byte `json:"text"`
	Signature []byte `json:"signature,omitzero"` // detached, armoured
	Leap      bool   `json:"leap,omitzero"`      // the version is meant, however far it leaps
}

// LibraryRow is one version of LibraryHistory.
type LibraryRow struct {
	Version   gsp.LibraryVersion `json:"version"`
	Published time.Time          `json:"published"`
	Signed    bool               `json:"signed"`
	SignedBy  string             `json:"signed_by,omitzero"` // fingerprint of the key
	Size      int                `json:"size"`               // octets
	SHA256    string             `json:"sha256"`             // of its text, in hexadecimal
}

// LibraryInfo says what a library holds.
type LibraryInfo struct {
	Version   gsp.LibraryVersion `json:"version"`
	Entries   []EntryRow         `json:"entries"`
	SignedBy  string             `json:"signed_by,omitzero"` // fingerprint of the key
	Text      string             `json:"text,omitzero"`      // where it was asked for
	Signature string             `json:"signature,omitzero"` // with the text
}

// EntryRow is one entry of a library.
type EntryRow struct {
	ID       string      `json:"id"`
	Party    gsp.PartyID `json:"party,omitzero"`
	Class    string      `json:"class"`
	Level    gsp.Level   `json:"level,omitzero"`
	Evidence string      `json:"evidence"`
	Title    string      `json:"title"`
}

// LibraryQuery is the input of LibraryShow.
type LibraryQuery struct {
	Version gsp.LibraryVersion `json:"version,omitzero"` // 0 for the one in force
	Text    bool               `json:"text,omitzero"`    // the whole text as well
}

// LibraryImport checks a pattern library in full, and its signature once the
// Secretariat has a key, and puts it in force: as the version it states, or as
// the next.
var LibraryImport = Verb[NewLibrary, LibraryInfo]{"library-import", libraryImport}

// LibraryVerify checks a library and its signature, and changes nothing.
var LibraryVerify = Verb[NewLibrary, LibraryInfo]{"library-verify", libraryVerify}

// LibraryHistory lists the versions that were put in force, the newest first.
var LibraryHistory = Verb[None, []LibraryRow]{"library-history", libraryHistory}

// LibraryShow tells the library in force, or an earlier version.
var LibraryShow = Verb[LibraryQuery, LibraryInfo]{"library-show", libraryShow}

// Stats makes the statistics of FCTC/MOP/3/5, para 24.
var Stats = Verb[report.Query, report.Statistics]{"stats", func(ctx context.Context, o *Office, _ string, q report.Query) (report.Statistics, error) {
	return report.Make(ctx, o.Events, q)
}}

// parseLibrary checks a library in full.
func parseLibrary(in NewLibrary) (*pattern.Library, error) {
	library, err := pattern.Parse(in.File, in.Text)
	if err != nil {
		return nil, &gsp.Refusal{
			Reason: gsp.BrokenLibrary,
			Cause:  err.Error(),
			Remedy: "mend the entries named and import the file again; the library in force stays as it is",
		}
	}
	return library, nil
}

func libraryVerify(_ context.Context, o *Office, _ string, in NewLibrary) (LibraryInfo, error) {
	library, err := parseLibrary(in)
	if err != nil {
		return LibraryInfo{}, err
	}
	signer, err := checkSignature(o.Registry.Snapshot(), library, in, o.Now())
	if err != nil {
		return LibraryInfo{}, err
	}
	info := infoOf(library, gsp.LibraryText{Version: library.Version()})
	info.SignedBy = signer
	return info, nil
}

func libraryImport(ctx context.Context, o *Office, _ string, in NewLibrary) (LibraryInfo, error) {
	library, err := parseLibrary(in)
	if err != nil {
		return LibraryInfo{}, err
	}
	now := o.Now()
	var info LibraryInfo
	_, err = o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		signer, err := checkSignature(roll, library, in, now)
		if err != nil {
			return gsp.Change{}, err
		}
		inForce := roll.LibraryText()
		if inForce.Version > 0 && bytes.Equal(inForce.Text, in.Text) && bytes.Equal(inForce.Signature, in.Signature) {
			info = infoOf(library, inForce)
			info.SignedBy = signer
			return gsp.Change{}, nil // in force already
		}
		next := gsp.LibraryText{Version: inForce.Version + 1, Text: in.Text, Published: now, Signature: in.Signature}
		if stated := library.Version(); stated > 0 {
			if stated <= inForce.Version {
				return gsp.Change{}, &gsp.Refusal{
					Reason: gsp.OldLibrary,
					Cause:  fmt.Sprintf("the file says version %d, and version %d is in force", stated, inForce.Version),
					Remedy: fmt.Sprintf("give the file a version above %d if it is the newer one", inForce.Version),
				}
			}
			if inForce.Version > 0 && stated-inForce.Version > maxLeap && !in.Leap {
				return gsp.Change{}, &gsp.Refusal{
					Reason: gsp.BrokenLibrary,
					Cause:  fmt.Sprintf("the file says version %d, and version %d is in force: every later one must be above it", stated, inForce.Version),
					Remedy: "correct the version, or add --leap if it is meant",
				}
			}
			next.Version = stated
		}
		info = infoOf(library, next)
		info.SignedBy = signer
		return gsp.Change{
			Library: &next,
			Events:  []gsp.Event{{At: now, Kind: gsp.LibraryPublished, Library: next.Version}},
		}, nil
	})
	return info, err
}

// maxLeap is by how much a version may be above the one in force without being
// asked about: a slip could use up the numbers for ever, since none goes back.
const maxLeap = 1000

// checkSignature holds a library to the Secretariat's signature once its key
// is in the directory, and returns the key's fingerprint. A signed library
// states its version, or an old one could be put in force again.
func checkSignature(roll *registry.Snapshot, library *pattern.Library, in NewLibrary, now time.Time) (string, error) {
	secretariat := roll.Address(registry.SecretariatLocal)
	cert, known := roll.Cert(secretariat)
	refuse := func(cause, remedy string, err error) (string, error) {
		return "", &gsp.Refusal{Reason: gsp.UnsignedLibrary, Cause: cause, Remedy: remedy, Err: err}
	}
	switch {
	case !known && len(in.Signature) == 0:
		return "", nil
	case !known:
		return refuse("the signature cannot be checked, as the Secretariat has no key in the directory",
			fmt.Sprintf("publish it first with: gsp key import %s FILE", registry.SecretariatLocal), nil)
	case len(in.Signature) == 0:
		return refuse(fmt.Sprintf("the library is not signed, and %s has a key", secretariat),
			"let the Secretariat sign it with: gsp library sign FILE --key KEY; then: gsp library publish FILE", nil)
	case library.Version() == 0:
		return refuse("the library is signed but states no version",
			"add a line such as version = 7 at its head and sign it again", nil)
	}
	if err := cert.CheckDetached(in.Text, in.Signature, now); err != nil {
		return refuse(fmt.Sprintf("the signature is not one of this file by %s, key %s", secretariat, cert.Fingerprint()),
			"sign the file as it stands, with that key", err)
	}
	return cert.Fingerprint(), nil
}

func libraryHistory(ctx context.Context, o *Office, _ string, _ None) ([]LibraryRow, error) {
	all, err := o.Registry.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	rows := []LibraryRow{}
	for _, l := range all {
		rows = append(rows, LibraryRow{
			Version: l.Version, Published: l.Published, Signed: len(l.Signature) > 0, SignedBy: o.signer(l),
			Size: len(l.Text), SHA256: fmt.Sprintf("%x", sha256.Sum256(l.Text)),
		})
	}
	return rows, nil
}

// signer returns the fingerprint of the key that signed a version, "" for
// none. A signature by a subkey of the Secretariat's present key is said to be
// by that key; an earlier one is named as the signature has it.
func (o *Office) signer(l gsp.LibraryText) string {
	if len(l.Signature) == 0 {
		return ""
	}
	roll := o.Registry.Snapshot()
	cert, ok := roll.Cert(roll.Address(registry.SecretariatLocal))
	if ok && cert.CheckDetached(l.Text, l.Signature, l.Published) == nil {
		return cert.Fingerprint()
	}
	return pgpcert.SignerOf(l.Signature)
}

func libraryShow(ctx context.Context, o *Office, _ string, in LibraryQuery) (LibraryInfo, error) {
	roll := o.Registry.Snapshot()
	library, _ := roll.Library()
	text := roll.LibraryText()
	if in.Version != 0 && in.Version != text.Version {
		var err error
		if text, err = o.earlier(ctx, in.Version); err != nil {
			return LibraryInfo{}, err
		}
		name := fmt.Sprintf("version %d", in.Version)
		if library, err = parseLibrary(NewLibrary{File: name, Text: text.Text}); err != nil {
			library = pattern.Empty() // of an older program; its text is what is asked for
		}
	}
	info := infoOf(library, text)
	info.SignedBy = o.signer(text)
	if in.Text {
		info.Text, info.Signature = string(text.Text), string(text.Signature)
	}
	return info, nil
}

// earlier returns a version that was put in force.
func (o *Office) earlier(ctx context.Context, version gsp.LibraryVersion) (gsp.LibraryText, error) {
	all, err := o.Registry.Libraries(ctx)
	if err != nil {
		return gsp.LibraryText{}, err
	}
	for _, l := range all {
		if l.Version == version {
			return l, nil
		}
	}
	return gsp.LibraryText{}, &gsp.Refusal{
		Reason: gsp.BrokenLibrary,
		Cause:  fmt.Sprintf("version %d was never in force", version),
		Remedy: "see which were with: gsp library history",
	}
}

func infoOf(library *pattern.Library, text gsp.LibraryText) LibraryInfo {
	info := LibraryInfo{Version: text.Version, Entries: []EntryRow{}}
	for _, e := range library.Entries() {
		info.Entries = append(info.Entries, EntryRow{
			ID: e.ID, Party: e.Party, Class: string(e.Class), Level: e.Level, Evidence: string(e.Evidence), Title: e.Title,
		})
	}
	return info
}
