package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/wks"
)

// keyFile is the private key of keys@ in the data folder, the only one that the
// gateway has. It opens public keys and codes, no mail between Parties.
const keyFile = "keys.asc"

// submissionKey reads the key of keys@, or makes it, and publishes it.
func submissionKey(ctx context.Context, folder string, who *registry.Registry) (*wks.Key, error) {
	now := time.Now()
	address := who.Snapshot().Address(registry.KeysLocal)
	path := filepath.Join(folder, keyFile)
	file, err := os.ReadFile(path)
	var key *wks.Key
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if key, err = makeKey(path, address, now); err != nil {
			return nil, err
		}
	case err == nil:
		key, err = wks.ReadKey(file, address, now)
	}
	if err != nil {
		return nil, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("%s, the key of %s, cannot be read", path, address),
			Remedy: "let the gateway's user read it, or remove it, and a new one is made",
			Err:    err,
		}
	}
	_, err = who.Update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		if published, ok := roll.Certificate(address); ok && published.Fingerprint == key.Cert().Fingerprint() {
			return gsp.Change{}, nil
		}
		offer := registry.Offer{Owner: registry.Owner{Address: address}, Cert: key.Cert(), Kind: registry.NewKey}
		c := roll.Publish(offer, "gateway", now)
		c.Events = nil // nobody's key, so no number in a report
		return c, nil
	})
	if err != nil {
		return nil, fmt.Errorf("publish the key of %s: %w", address, err)
	}
	return key, nil
}

// makeKey makes a key and its file, which is whole or not there.
func makeKey(path string, address gsp.Address, now time.Time) (*wks.Key, error) {
	key, err := wks.Generate(address, now)
	if err != nil {
		return nil, err
	}
	text, err := key.File()
	if err != nil {
		return nil, err
	}
	unfinished := path + ".new"
	f, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep the key of %s: %w", address, err)
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("keep the key of %s: %w", address, err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return nil, fmt.Errorf("keep the key of %s: %w", address, err)
	}
	return key, nil
}

// checkDomain refuses a configuration whose domain is not that of the key of
// keys@ in the data folder. A key that is missing or cannot be read is no
// matter of the domain.
func checkDomain(c config.Config) error {
	file, err := os.ReadFile(filepath.Join(c.Data, keyFile))
	if err != nil {
		return nil
	}
	_, err = wks.ReadKey(file, gsp.Address{Local: registry.KeysLocal, Domain: c.Domain}, time.Now())
	if refusal, ok := errors.AsType[*gsp.Refusal](err); !ok || refusal.Reason != gsp.WrongKeyAddress {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.BrokenConfig,
		Cause:  fmt.Sprintf("the data folder %s belongs to another domain than %s", c.Data, c.Domain),
		Remedy: "set domain to what it was; a new domain needs new keys and a new data folder",
		Err:    err,
	}
}
