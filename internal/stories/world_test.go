package stories_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/keyring"
	"gsp.example/gsp/internal/node"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
)

const (
	domain   = "gsp.example"
	patience = 30 * time.Second // before a verb is given up
)

// world is one story's gateway and its people.
type world struct {
	folder    string
	gateway   *node.Gateway
	config    config.Config
	roots     *x509.CertPool
	passwords map[string]string
	parties   map[string]string // of an officer
	keys      map[string]*keyring.Key
	watched   map[string]*watch
	opened    map[string]client.Opened // what an officer opened last
	program   *program                 // a gateway of its own process
	taken     net.Listener             // a port that another program uses
}

// watch is an officer's mail client in IDLE.
type watch struct {
	box     *client.Mailbox
	arrived chan arrival
	stop    context.CancelFunc
}

type arrival struct {
	uids []uint32
	err  error
}

func (w *world) configPath() string { return filepath.Join(w.folder, "gsp.toml") }

// start runs a gateway on free ports, with the shipped library.
func (w *world) start(ctx context.Context, aliases []string) (string, error) {
	c := config.Default()
	c.SMTP.Listen, c.IMAP.Listen, c.HTTPS.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Aliases = aliases
	var text bytes.Buffer
	if err := config.Describe(&text, c); err != nil {
		return "", err
	}
	if err := os.WriteFile(w.configPath(), text.Bytes(), 0o600); err != nil {
		return "", err
	}
	w.passwords, w.parties = map[string]string{}, map[string]string{}
	w.keys, w.watched, w.opened = map[string]*keyring.Key{}, map[string]*watch{}, map[string]client.Opened{}
	if err := w.run(ctx); err != nil {
		return "", err
	}
	_, err := carryOut(ctx, w, admin.LibraryImport, admin.NewLibrary{File: "library", Text: configs.Library})
	return "", err
}

func (w *world) run(ctx context.Context) (err error) {
	if w.config, err = config.Load(w.configPath()); err != nil {
		return err
	}
	if w.gateway, err = node.Start(ctx, w.config, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	pem, err := os.ReadFile(w.gateway.CA)
	if err != nil {
		return err
	}
	w.roots = x509.NewCertPool()
	w.roots.AppendCertsFromPEM(pem)
	return nil
}

// restart stops the gateway and starts it on the same folder.
func (w *world) restart(ctx context.Context, _ []string) (string, error) {
	w.end()
	if err := w.gateway.Shutdown(ctx); err != nil {
		return "", err
	}
	return "", w.run(ctx)
}

func (w *world) stop(t testing.TB) {
	w.kill()
	if w.taken != nil {
		w.taken.Close()
	}
	if w.gateway == nil {
		return
	}
	w.end()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.gateway.Shutdown(ctx); err != nil {
		t.Errorf("shut down: %v", err)
	}
}

func (w *world) party(ctx context.Context, args []string) (string, error) {
	in := admin.NewParty{ID: args[0], Name: args[1]}
	if len(args) > 2 {
		in.Parent = args[2]
	}
	if _, err := carryOut(ctx, w, admin.PartyAdd, in); err != nil {
		return "", err
	}
	return "", w.publish(ctx, args[0])
}

func (w *world) officer(ctx context.Context, args []string) (string, error) {
	in := admin.NewAccount{Login: args[0], Party: args[1], Roles: args[2:]}
	issued, err := carryOut(ctx, w, admin.AccountAdd, in)
	if err != nil {
		return "", err
	}
	w.passwords[args[0]], w.parties[args[0]] = issued.Password, args[1]
	return "", w.publish(ctx, args[0])
}

// password gives an officer's mail client another password.
func (w *world) password(_ context.Context, args []string) (string, error) {
	w.passwords[args[0]] = args[1]
	return "", nil
}

// newPassword has a new password issued and puts it into the mail client.
func (w *world) newPassword(ctx context.Context, args []string) (string, error) {
	issued, err := carryOut(ctx, w, admin.AccountPassword, admin.AccountLogin{Login: args[0]})
	w.passwords[args[0]] = issued.Password
	return "", err
}

// keyfile makes a key that stays in files.
func (w *world) keyfile(_ context.Context, args []string) (string, error) {
	key, err := keyring.Generate(args[0], address(args[0]), time.Now())
	if err != nil {
		return "", err
	}
	secret, err := key.Armoured()
	if err != nil {
		return "", err
	}
	public, err := key.Public()
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(w.folder, args[1]), secret, 0o600); err != nil {
		return "", err
	}
	return "", os.WriteFile(filepath.Join(w.folder, args[2]), public, 0o600)
}

// publish makes a key for an address and publishes it.
func (w *world) publish(ctx context.Context, local string) error {
	key, err := keyring.Generate(local, address(local), time.Now())
	if err != nil {
		return err
	}
	public, err := key.Public()
	if err != nil {
		return err
	}
	w.keys[local] = key
	_, err = carryOut(ctx, w, admin.KeyImport, admin.NewKey{Address: local, Bytes: public})
	return err
}

func carryOut[In, Out any](ctx context.Context, w *world, v admin.Verb[In, Out], in In) (Out, error) {
	return control.Do(ctx, w.config.Data, v, in)
}

func (w *world) waits(ctx context.Context, args []string) (string, error) {
	box, err := client.OpenMailbox(ctx, w.login(args[0], w.gateway.IMAP), w.mailbox(args))
	if err != nil {
		return "", err
	}
	ctx, stop := context.WithCancel(context.Background()) // beyond this verb
	in := &watch{box, make(chan arrival, 1), stop}
	w.watched[args[0]] = in
	go func() {
		defer close(in.arrived)
		uids, err := box.WaitNew(ctx)
		in.arrived <- arrival{uids, err}
	}()
	return "", nil
}

// end ends all watches, so that their sessions do not outlive the gateway.
func (w *world) end() {
	for login, in := range w.watched {
		in.stop()
		for range in.arrived { // until the watch has let go of the mailbox
		}
		in.box.Close()
		delete(w.watched, login)
	}
}

// mailbox is the one that "LOGIN [authority]" means.
func (w *world) mailbox(args []string) string {
	if len(args) > 1 && args[1] == "authority" {
		return registry.AuthorityPrefix + w.parties[args[0]] + "/INBOX"
	}
	return "INBOX"
}

func (w *world) sees(ctx context.Context, args []string) (string, error) {
	in, ok := w.watched[args[0]]
	if !ok {
		return "", fmt.Errorf("%s does not wait", args[0])
	}
	var a arrival
	select {
	case a = <-in.arrived:
	case <-ctx.Done():
		return "", fmt.Errorf("wait for %s to wake: %w", args[0], ctx.Err())
	}
	if a.err != nil {
		return "", a.err
	}
	delete(w.watched, args[0])
	defer in.stop()
	defer in.box.Close()
	return w.open(ctx, args[0], in.box, a.uids)
}

func (w *world) inbox(ctx context.Context, args []string) (string, error) {
	box, err := client.OpenMailbox(ctx, w.login(args[0], w.gateway.IMAP), w.mailbox(args))
	if err != nil {
		return "", err
	}
	defer box.Close()
	uids, err := box.UIDs(ctx)
	if err != nil {
		return "", err
	}
	return w.open(ctx, args[0], box, uids)
}

// open opens mails with the officer's own key and the authority's.
func (w *world) open(ctx context.Context, login string, box *client.Mailbox, uids []uint32) (string, error) {
	keys := []*keyring.Key{w.keys[login], w.keys[w.parties[login]]}
	if old, ok := w.keys["old "+login]; ok { // which a mail client keeps
		keys = append(keys, old)
	}
	var signers []*pgpcert.Cert
	for _, k := range w.keys {
		cert, err := k.Cert()
		if err != nil {
			return "", err
		}
		signers = append(signers, cert)
	}
	var lines []string
	for _, uid := range uids {
		raw, err := box.Fetch(ctx, uid)
		if err != nil {
			return "", err
		}
		o, err := client.Open(raw, keys, signers)
		if err != nil {
			return "", err
		}
		w.opened[login] = o
		lines = append(lines, fmt.Sprintf("%s %s from %s: %s", o.Outside.Type, o.Outside.Case, o.Outside.From, o.Text))
		for _, c := range o.Outside.Claims {
			lines = append(lines, fmt.Sprintf("  mark %s n=%d", c.UIM.Reveal(), c.Count))
		}
	}
	return strings.Join(lines, "\n"), nil
}

func (w *world) login(login string, server net.Addr) client.Login {
	return client.Login{
		Server: server.String(), User: login, Password: w.passwords[login],
		TLS: &tls.Config{RootCAs: w.roots, ServerName: domain},
	}
}

// address is a local part at the domain, or a whole address.
func address(text string) gsp.Address {
	local, at, ok := strings.Cut(text, "@")
	if !ok {
		at = domain
	}
	return gsp.Address{Local: local, Domain: at}
}
