package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
)

// parties are registered in this order, a region before its members.
var parties = []admin.NewParty{
	{ID: "eu", Name: "European Union"},
	{ID: "fr", Name: "France", Parent: "eu"},
	{ID: "gb", Name: "United Kingdom"},
	{ID: "ke", Name: "Kenya"},
}

// officers are the people of the play. None of them exists.
var officers = []admin.NewAccount{
	{Login: "douane1.fr", Party: "fr", Name: "Camille Laurent"},
	{Login: "customs1.ke", Party: "ke", Name: "Wanjiru Kamau"},
	{Login: "border1.gb", Party: "gb", Name: "Alex Morgan"},
	{Login: "tpd1.eu", Party: "eu", Name: "Jonas Lindqvist"},
}

// people are who has which password and key, by the local part of an address.
type people struct {
	passwords map[string]string
	keys      map[string]*keyring.Key
	public    []byte // the public keys of all, armoured
}

// everybody is the file with the public keys of all, for a mail client that
// cannot reach the key directory under its name.
const everybody = "everybody-public.asc"

// register does what the Secretariat and the administrators do, through the
// verbs of the command line on the running gateway.
func (w *world) register(ctx context.Context) error {
	w.people = people{passwords: map[string]string{}, keys: map[string]*keyring.Key{}}
	if _, err := verb(ctx, w, admin.LibraryImport, admin.NewLibrary{File: "gsp-library.toml", Text: configs.Library}); err != nil {
		return err
	}
	for _, p := range parties {
		if _, err := verb(ctx, w, admin.PartyAdd, p); err != nil {
			return err
		}
		if err := w.makeKey(ctx, p.ID, "Competent authority of "+p.Name); err != nil {
			return err
		}
	}
	for _, o := range officers {
		issued, err := verb(ctx, w, admin.AccountAdd, o)
		if err != nil {
			return err
		}
		w.passwords[o.Login] = issued.Password
		if err := w.makeKey(ctx, o.Login, o.Name); err != nil {
			return err
		}
	}
	return nil
}

// makeKey makes a key for an address, publishes its public half and keeps the
// private one in a file for a mail client.
func (w *world) makeKey(ctx context.Context, local, name string) error {
	key, err := keyring.Generate(name, w.address(local), time.Now())
	if err != nil {
		return fmt.Errorf("make the key of %s: %w", local, err)
	}
	public, err := key.Public()
	if err != nil {
		return fmt.Errorf("write the public key of %s: %w", local, err)
	}
	if _, err := verb(ctx, w, admin.KeyImport, admin.NewKey{Address: local, Bytes: public}); err != nil {
		return err
	}
	secret, err := key.Armoured()
	if err != nil {
		return fmt.Errorf("write the private key of %s: %w", local, err)
	}
	folder := filepath.Join(w.folder, "keys")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of the keys: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, local+".asc"), secret, 0o600); err != nil {
		return fmt.Errorf("keep the private key of %s: %w", local, err)
	}
	w.keys[local] = key
	w.public = append(w.public, public...)
	if err := os.WriteFile(filepath.Join(folder, everybody), w.public, 0o600); err != nil {
		return fmt.Errorf("keep the public key of %s: %w", local, err)
	}
	return nil
}

func (w *world) address(local string) gsp.Address {
	return gsp.Address{Local: local, Domain: w.Domain}
}

// verb carries a verb out on the running gateway, as the command line does.
func verb[In, Out any](ctx context.Context, w *world, v admin.Verb[In, Out], in In) (Out, error) {
	return control.Do(ctx, w.data, v, in)
}
