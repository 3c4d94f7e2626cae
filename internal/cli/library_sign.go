package cli

import (
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
	File string `arg:"" help:"The library; its signature is written beside it, with .asc added to the name."`
	Key  string `help:"The Secretariat's private key, armoured, without a passphrase." required:"" placeholder:"FILE"`
}

func (librarySignCommand) Help() string {
	return "Runs where the key is; no gateway is asked. A key with a passphrase signs by its own program, the\n" +
		"result is the same: gpg --armor --detach-sign library.toml\n\n" +
		"Example:\n  gsp library sign library.toml --key secretariat.asc"
}

func (c librarySignCommand) Run(r *run) error {
	text, err := r.readFile(c.File)
	if err != nil {
		return err
	}
	library, err := pattern.Parse(c.File, text)
	if err != nil {
		return &gsp.Refusal{Reason: gsp.BrokenLibrary, Cause: err.Error(), Remedy: "mend the entries named, then sign"}
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
	name := c.File + signatureSuffix
	if err := os.WriteFile(name, signature, 0o644); err != nil { // public, as the library is
		return fmt.Errorf("write the signature: %w", err)
	}
	result := map[string]string{"signature": name, "signed_by": key.Fingerprint()}
	return show(r, result, func(w io.Writer, _ map[string]string) {
		fmt.Fprintf(w, "%s signs version %d of %s\nNext: gsp library publish %s\n", name, library.Version(), c.File, c.File)
	})
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
	File      string `arg:"" help:"The library."`
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
		fmt.Fprintf(w, "version %d, %d entries, signed by the Secretariat's key %s\n", l.Version, len(l.Entries), l.SignedBy)
	})
}

type libraryPublishCommand struct {
	File      string `arg:"" help:"The library."`
	Signature string `help:"Its signature; the file's name with .asc if not given." placeholder:"FILE"`
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
	return ask(r, admin.LibraryImport, in, func(w io.Writer, l admin.LibraryInfo) {
		fmt.Fprintf(w, "library version %d is in force, %d entries, signed by the Secretariat's key %s\n", l.Version, len(l.Entries), l.SignedBy)
	})
}

// signedLibrary reads a library and the signature beside it.
func (r *run) signedLibrary(file, signature string) (admin.NewLibrary, error) {
	if signature == "" {
		signature = file + signatureSuffix
	}
	in := admin.NewLibrary{File: file}
	var err error
	if in.Text, err = r.readFile(file); err != nil {
		return in, err
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

func (libraryHistoryCommand) Help() string { return "Example:\n  gsp library history" }

func (libraryHistoryCommand) Run(r *run) error {
	return ask(r, admin.LibraryHistory, admin.None{}, func(w io.Writer, rows []admin.LibraryRow) {
		fmt.Fprintln(w, "VERSION\tPUBLISHED\tSIGNED\tOCTETS\tSHA-256")
		for _, l := range rows {
			signed := "no"
			if l.Signed {
				signed = "yes"
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\n", l.Version, day(l.Published), signed, l.Size, l.SHA256)
		}
	})
}
