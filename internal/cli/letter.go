package cli

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/letter"
	"gsp.example/gsp/internal/node"
)

// issue has a password issued. Where a file is named, the password goes into
// the letter there and is not shown.
func issue[In any](r *run, verb admin.Verb[In, admin.IssuedAccount], in In, file string, language gsp.Language, table func(io.Writer, admin.IssuedAccount)) error {
	if file == "" {
		return ask(r, verb, in, table)
	}
	sheet, err := newSheet(file)
	if err != nil {
		return err
	}
	issued, err := do(r, verb, in)
	if err != nil {
		sheet.drop()
		return err
	}
	if err := r.writeLetter(sheet, issued, language); err != nil {
		sheet.drop()
		return &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s has a new password, but the letter %s could not be written", issued.Address, file),
			Remedy: "make room and give the account another password: gsp account password " + issued.Login + " --letter " + file,
			Err:    err,
		}
	}
	issued.Password = "" // it stands in the letter
	return show(r, written{issued, file, unreachable(issued.Servers)}, func(w io.Writer, a written) {
		fmt.Fprintf(w, "account:\t%s\nroles:\t%s\nletter:\t%s\n", a.Address, join(a.Roles), a.Letter)
		lastDay(w, a.Until)
		fmt.Fprintf(w, "\nThe password stands in the letter and nowhere else. Print it, hand it over in person,\nand delete the file.\n")
		stillDisabled(w, a.IssuedAccount)
		if a.Warning != "" {
			fmt.Fprintf(w, "\nBEWARE: the letter names servers that its reader cannot reach: %s.\n", a.Warning)
		}
	})
}

// written tells of a letter.
type written struct {
	admin.IssuedAccount
	Letter  string `json:"letter"`
	Warning string `json:"warning,omitzero"`
}

// unreachable says why nobody else can reach the servers, and what to do; ""
// if they can.
func unreachable(s gsp.Servers) string {
	if refusal, ok := errors.AsType[*gsp.Refusal](published(s)); ok {
		return refusal.Cause + "; " + refusal.Remedy + ", and write the letter anew"
	}
	return ""
}

// sheet is the file of a letter. It is there, empty and for its owner alone,
// before a password is made, so that none is made in vain.
type sheet struct {
	*os.File
	html bool
}

func newSheet(file string) (*sheet, error) {
	extension := strings.ToLower(filepath.Ext(file))
	if extension != ".html" && extension != ".txt" {
		return nil, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s ends in neither .html nor .txt", file),
			Remedy: "name a file that does: the letter is written as a page or as plain text",
		}
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s exists already, and may be somebody's letter", file),
			Remedy: "name another file, or delete that one",
			Err:    err,
		}
	case err != nil:
		return nil, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s cannot be written", file),
			Remedy: "name a file in a folder where you may write",
			Err:    err,
		}
	}
	return &sheet{f, extension == ".html"}, nil
}

// drop removes the file. What was in it is somebody's old password at most.
func (s *sheet) drop() {
	s.Close()
	os.Remove(s.Name())
}

// writeLetter writes the letter of an account into its file.
func (r *run) writeLetter(s *sheet, a admin.IssuedAccount, language gsp.Language) error {
	fingerprint, err := r.authority()
	if err != nil {
		return err
	}
	l := letter.Letter{
		Language: cmp.Or(language, a.Writes), Name: a.Name, Party: a.PartyName, Date: time.Now(),
		Address: a.Address, Until: a.Until, Password: a.Password, Support: a.Support, Servers: a.Servers, Keys: a.Keys, CA: fingerprint,
	}
	text := []byte(l.Text())
	if s.html {
		text = l.HTML()
	}
	_, err = s.Write(text)
	return errors.Join(err, s.Sync(), s.Close())
}

// authority returns the fingerprint of the authority that mail clients must be
// told to trust, as they show it; "" for none.
func (r *run) authority() (string, error) {
	c, err := r.load()
	if err != nil {
		return "", err
	}
	certificate, err := node.Authority(c)
	if err != nil || certificate == nil {
		return "", err
	}
	sum := sha256.Sum256(certificate.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"), nil
}
