package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/pattern"
)

// signatureSuffix is added to a library's file name for its signature, as gpg
// --verify expects it.
const signatureSuffix = ".asc"

type librarySignCommand struct {
	File string `arg:"" help:"The library; its signature is written beside it, with .asc added to the name. Of a folder, the library joined from its files is written beside it, too."`
	Key  string `help:"The Secretariat's private key, armoured, without a passphrase." required:"" placeholder:"FILE"`
}

func (librarySignCommand) Help() string {
	return "Runs where the key is; no gateway is asked. A key with a passphrase signs by its own program, the\n" +
		"result is the same: gpg --armor --detach-sign library.toml\n\n" +
		"A folder has library.toml, which states name and version, and a file for each Party, such as ke.toml.\n" +
		"What is signed is one text joined from them, written to FOLDER.toml.\n\n" +
		"Example:\n  gsp library sign library.toml --key secretariat.asc\n  gsp library sign parties/ --key secretariat.asc"
}

func (c librarySignCommand) Run(r *run) error {
	file, text, err := r.readLibrary(c.File)
	if err != nil {
		return broken(err)
	}
	library, err := pattern.Parse(file, text)
	if err != nil {
		return broken(err)
	}
	if library.Version() == 0 {
		return &gsp.Refusal{
			Reason: gsp.BrokenLibrary,
			Cause:  fmt.Sprintf("%s states no version", c.File),
			Remedy: "add a line such as version = 7 at its head, above that of the library in force",
		}
	}
	key, err := r.readKey(c.Key)
	if err != nil {
		return err
	}
	signature, err := key.Sign(text)
	if err != nil {
		return err
	}
	joined := file != c.File
	if joined {
		if err := writeJoined(file, text); err != nil {
			return err
		}
	}
	name := file + signatureSuffix
	if err := os.WriteFile(name, signature, 0o644); err != nil { // public, as the library is
		return fmt.Errorf("write the signature: %w", err)
	}
	result := map[string]string{"library": file, "signature": name, "signed_by": key.Fingerprint()}
	return show(r, result, func(w io.Writer, _ map[string]string) {
		if joined {
			fmt.Fprintf(w, "%s is joined from the files of %s\n", file, c.File)
		}
		fmt.Fprintf(w, "%s signs version %d of %s\nNext: gsp library publish %s\n", name, library.Version(), file, file)
	})
}

// writeJoined writes a library that was joined from a folder. A file of that
// name that somebody wrote by hand is left as it is.
func writeJoined(name string, text []byte) error {
	there, err := os.ReadFile(name)
	if err == nil && !bytes.HasPrefix(there, []byte(pattern.JoinedMark)) {
		return &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("%s exists already and was not joined from a folder, so it is left as it is", name),
			Remedy: "give it or the folder another name",
		}
	}
	if err := os.WriteFile(name, text, 0o644); err != nil { // public, as every library is
		return fmt.Errorf("write the joined library: %w", err)
	}
	return nil
}

// readKey reads a private key.
func (r *run) readKey(name string) (*keyring.Key, error) {
	text, err := r.readFile(name)
	if err != nil {
		return nil, err
	}
	key, err := keyring.ReadKey(text)
	if errors.Is(err, keyring.ErrLocked) {
		return nil, &gsp.Refusal{
			Reason: gsp.BrokenKey,
			Cause:  fmt.Sprintf("the private key in %s is locked by a passphrase", name),
			Remedy: "sign with the program that keeps it: gpg --armor --detach-sign FILE",
			Err:    err,
		}
	}
	if err != nil {
		return nil, &gsp.Refusal{
			Reason: gsp.BrokenKey,
			Cause:  fmt.Sprintf("%s holds no armoured private OpenPGP key", name),
			Remedy: "export one: gpg --armor --export-secret-keys ADDRESS",
			Err:    err,
		}
	}
	return key, nil
}

type libraryVerifyCommand struct {
	File      string `arg:"" help:"The library, a file or a folder."`
	Signature string `help:"Its signature; the file's name with .asc if not given." placeholder:"FILE"`
}

func (libraryVerifyCommand) Help() string {
	return "Checks the library and the Secretariat's signature, and changes nothing.\n\nExample:\n  gsp library verify library.toml"
}

func (c libraryVerifyCommand) Run(r *run) error {
	in, err := r.signedLibrary(c.File, c.Signature)
	if err != nil {
		return err
	}
	return ask(r, admin.LibraryVerify, in, func(w io.Writer, l admin.LibraryInfo) {
		fmt.Fprintf(w, "version %d, %s, signed by the Secretariat's key %s\n", l.Version, count(len(l.Entries), "entry", "entries"), l.SignedBy)
	})
}

type libraryPublishCommand struct {
	File      string `arg:"" help:"The library, a file or a folder."`
	Signature string `help:"Its signature; the file's name with .asc if not given." placeholder:"FILE"`
	Leap      bool   `help:"Take a version far above the one in force."`
}

func (libraryPublishCommand) Help() string {
	return "Puts a signed library in force while mail flows. Once the Secretariat has published its key\n" +
		"(gsp key import secretariat FILE), no other library is taken.\n\n" +
		"Example:\n  gsp library publish library.toml"
}

func (c libraryPublishCommand) Run(r *run) error {
	in, err := r.signedLibrary(c.File, c.Signature)
	if err != nil {
		return err
	}
	in.Leap = c.Leap
	return ask(r, admin.LibraryImport, in, func(w io.Writer, l admin.LibraryInfo) {
		fmt.Fprintf(w, "library version %d is in force, %s, signed by the Secretariat's key %s\n", l.Version, count(len(l.Entries), "entry", "entries"), l.SignedBy)
	})
}

// signedLibrary reads a library and the signature beside it.
func (r *run) signedLibrary(file, signature string) (admin.NewLibrary, error) {
	var in admin.NewLibrary
	var err error
	if in.File, in.Text, err = r.readLibrary(file); err != nil {
		return in, broken(err)
	}
	if signature == "" {
		signature = in.File + signatureSuffix
	}
	if in.Signature, err = r.readFile(signature); err == nil && len(in.Signature) == 0 {
		err = &gsp.Refusal{
			Reason: gsp.UnsignedLibrary,
			Cause:  fmt.Sprintf("the signature %s is empty", signature),
			Remedy: "sign the library with: gsp library sign FILE --key KEY",
		}
	}
	return in, err
}

type libraryHistoryCommand struct{}

func (libraryHistoryCommand) Help() string {
	return "Example:\n  gsp library history\n  gsp library show --version 6 --text > library.toml"
}

func (libraryHistoryCommand) Run(r *run) error {
	return ask(r, admin.LibraryHistory, admin.None{}, func(w io.Writer, all []admin.LibraryRow) {
		rows := [][]string{{"VERSION", "PUBLISHED", "OCTETS", "SHA-256", "SIGNED WITH KEY"}}
		for _, l := range all {
			digest := l.SHA256
			if isTerminal(r.Out) {
				digest = digest[:16] // enough to tell versions apart; the whole is in --output json
			}
			rows = append(rows, []string{fmt.Sprint(l.Version), day(l.Published), fmt.Sprint(l.Size), digest, dash(l.SignedBy)})
		}
		r.layout(w).table(rows)
	})
}
