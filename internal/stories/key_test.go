package stories_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"time"

	pgppacket "github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
)

// handIn makes a new key for an officer and mails its public part to keys@, in
// clear. The mail client keeps the old key too.
func (w *world) handIn(ctx context.Context, args []string) (string, error) {
	login := args[0]
	key, err := keyring.Generate(login, address(login), time.Now())
	if err != nil {
		return "", err
	}
	public, err := key.Public()
	if err != nil {
		return "", err
	}
	w.keys["old "+login], w.keys[login] = w.keys[login], key
	raw := "From: " + address(login).String() + "\r\nSubject: my key\r\n\r\n" + strings.ReplaceAll(string(public), "\n", "\r\n")
	if _, err := w.send(ctx, login, []gsp.Address{address("keys")}, []byte(raw)); err != nil {
		return "", err
	}
	return w.newestOf(ctx, login)
}

// confirm answers the newest mail by quoting it.
func (w *world) confirm(ctx context.Context, args []string) (string, error) {
	if _, err := w.newestOf(ctx, args[0]); err != nil {
		return "", err
	}
	raw := "From: " + address(args[0]).String() + "\r\nSubject: Re: " + w.opened[args[0]].Subject + "\r\n\r\nYes.\r\n\r\n> " +
		strings.ReplaceAll(w.opened[args[0]].Text, "\n", "\r\n> ") + "\r\n"
	if _, err := w.send(ctx, args[0], []gsp.Address{address("keys")}, []byte(raw)); err != nil {
		return "", err
	}
	return w.newestOf(ctx, args[0])
}

// decide answers the newest mail, which asks what becomes of a key, sealed and
// with its text quoted.
func (w *world) decide(ctx context.Context, args []string) (string, error) {
	login, text := args[0], args[1]
	if _, err := w.newestOf(ctx, login); err != nil {
		return "", err
	}
	text += "\n\nOn that day, keys wrote:\n> " + strings.ReplaceAll(w.opened[login].Text, "\n", "\n> ")
	if _, err := w.reply(ctx, []string{login, text}); err != nil {
		return "", err
	}
	return w.newestOf(ctx, login)
}

// key6 makes a key of version 6 (RFC 9580) and writes its public part.
func (w *world) key6(_ context.Context, args []string) (string, error) {
	e, err := openpgp.NewEntity("", "", address(args[0]).String(), &pgppacket.Config{V6Keys: true, Algorithm: pgppacket.PubKeyAlgoEd25519})
	if err != nil {
		return "", err
	}
	var public bytes.Buffer
	if err := e.Serialize(&public); err != nil {
		return "", err
	}
	return strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint)), os.WriteFile(filepath.Join(w.folder, args[1]), public.Bytes(), 0o600)
}

// newestOf opens the newest mail of an officer and returns its subject.
func (w *world) newestOf(ctx context.Context, login string) (string, error) {
	box, err := client.OpenMailbox(ctx, w.login(login, w.gateway.IMAP), "INBOX")
	if err != nil {
		return "", err
	}
	defer box.Close()
	uids, err := box.UIDs(ctx)
	if err != nil || len(uids) == 0 {
		return "", err
	}
	_, err = w.open(ctx, login, box, uids[len(uids)-1:])
	return w.opened[login].Subject, err
}
