package stories_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
)

const (
	wksClient    = "/usr/lib/gnupg/gpg-wks-client"
	formerDomain = "old.example" // an alias of the domain

	insideEnv = "GSP_STORIES_TESTNET" // where the files of a test are that runs in a network of its own
)

// A real gpg-wks-client carries the whole exchange. It asks the directory on
// port 443 only, by the names in /etc/hosts, and trusts the system's authorities
// only, so the test starts itself again in namespaces that have all three.
func TestGnuPGHandsAKeyIn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts GnuPG")
	}
	for _, program := range []string{"gpg", "dirmngr", "gpgconf", "unshare", "ip", "mount", wksClient} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, program+" is not installed")
		}
	}
	namespace := []string{"-m", "-n", "-p", "-f", "--mount-proc", "--kill-child"}
	if os.Getuid() != 0 {
		namespace = append(namespace, "--map-root-user")
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", append(namespace, "true")...).CombinedOutput(); err != nil {
		missing(t, "no namespaces here: "+string(out))
	}
	// A short path: gpg-agent's sockets have at most 108 octets of it.
	dir, err := os.MkdirTemp("", "wks")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(t.Context(), "unshare", append(namespace, os.Args[0], "-test.run=^TestInsideGnuPGHandsAKeyIn$", "-test.v")...)
	cmd.Env = append(os.Environ(), insideEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestInsideGnuPGHandsAKeyIn") {
		t.Errorf("%v\n%s", err, out)
	}
}

// missing skips a test for want of a program, and fails it where it must run.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// gnupg is an officer's GnuPG.
type gnupg struct {
	*testing.T
	home string
}

func (g gnupg) try(stdin []byte, program string, args ...string) (string, error) {
	g.Helper()
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(g.Context(), program, args...)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+g.home, "LC_ALL=C.UTF-8")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &complaints
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %v: %w\n%s", program, args, err, complaints.String())
	}
	return out.String(), nil
}

func (g gnupg) run(stdin []byte, program string, args ...string) string {
	g.Helper()
	out, err := g.try(stdin, program, args...)
	if err != nil {
		g.Fatal(err)
	}
	return out
}

// key makes a key and returns its fingerprint.
func (g gnupg) key(address string) string {
	g.Helper()
	quietly := []string{"--batch", "--passphrase", "", "--pinentry-mode", "loopback"}
	g.run(nil, "gpg", append(quietly, "--quick-generate-key", address, "future-default", "default", "1y")...)
	var fingerprint, before string // of the last primary key
	for line := range strings.Lines(g.run(nil, "gpg", "--with-colons", "--list-keys", address)) {
		f := strings.Split(line, ":")
		if f[0] == "fpr" && before == "pub" {
			fingerprint = f[9]
		}
		before = f[0]
	}
	return fingerprint
}

// mailed is what gpg-wks-client wrote, with the line ends that mail has.
func (g gnupg) mailed(stdin []byte, args ...string) []byte {
	g.Helper()
	text := strings.ReplaceAll(g.run(stdin, wksClient, append([]string{"-v"}, args...)...), "\r\n", "\n")
	return []byte(strings.ReplaceAll(strings.TrimRight(text, "\n")+"\n", "\n", "\r\n"))
}

func TestInsideGnuPGHandsAKeyIn(t *testing.T) {
	dir := os.Getenv(insideEnv)
	if dir == "" {
		t.Skip("run by TestGnuPGHandsAKeyIn")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	w := ownNetwork(ctx, t, dir)
	g := gnupg{t, filepath.Join(dir, "officer")}
	if err := os.Mkdir(g.home, 0o700); err != nil {
		t.Fatal(err)
	}
	defer g.run(nil, "gpgconf", "--kill", "all")
	issued, err := carryOut(ctx, w, admin.AccountAdd, admin.NewAccount{Login: "ke2", Party: "ke"})
	if err != nil {
		t.Fatal(err)
	}
	w.passwords["ke2"] = issued.Password
	if _, err := w.officer(ctx, []string{"admin.ke", "ke", "administrator"}); err != nil {
		t.Fatal(err)
	}
	const address = "ke2@" + domain
	keys := []gsp.Address{{Local: "keys", Domain: domain}}
	send := func(raw []byte) error {
		t.Helper()
		_, err := w.send(ctx, "ke2", keys, raw)
		return err
	}

	if out := g.run(nil, wksClient, "--with-colons", "--supported", domain); !strings.HasPrefix(out, domain+":1:1:") {
		t.Errorf("supported: got %q, want directory and service", out)
	}
	fingerprint := g.key(address)
	if err := send(g.mailed(nil, "--create", fingerprint, address)); err != nil {
		t.Fatalf("hand in: %v", err)
	}
	response := g.mailed(w.lastMail(ctx, t, "ke2"), "--receive")
	if err := send(response); err != nil {
		t.Fatalf("confirm: %v", err)
	}
	if err := send(response); err != nil {
		t.Errorf("confirm again, as a client does that did not hear the answer: %v", err)
	}
	if err := send(append([]byte("X-Again: yes\r\n"), response...)); err == nil || !strings.Contains(err.Error(), string(gsp.UnknownCode)) {
		t.Errorf("confirm again: got %v, want %s", err, gsp.UnknownCode)
	}
	if _, err := g.try(nil, wksClient, "--check", address); err == nil {
		t.Error("published before the approval")
	}
	if _, err := carryOut(ctx, w, admin.KeyApprove, admin.Verdict{KeyOf: admin.KeyOf{Address: "ke2", Fingerprint: fingerprint}, By: "admin.ke"}); err != nil {
		t.Fatalf("approve: %v", err)
	}
	done := w.lastMail(ctx, t, "ke2")
	begin, end := bytes.Index(done, []byte("-----BEGIN PGP")), bytes.Index(done, []byte("\r\n--gsp-"))
	if text := g.run(done[begin:], "gpg", "--batch", "--decrypt"); end < 0 || !strings.Contains(text, "Wks-Phase: done") {
		t.Errorf("the last mail: got %q", text)
	}
	g.run(nil, wksClient, "--check", address)
	w.checkHistory(ctx, t, "ke2", gsp.PublishedKey)

	// GnuPG made a revocation with the key.
	rev, err := os.ReadFile(filepath.Join(g.home, "openpgp-revocs.d", fingerprint+".rev"))
	if err != nil {
		t.Fatal(err)
	}
	_, rev, _ = bytes.Cut(bytes.Replace(rev, []byte("\n:-----"), []byte("\n-----"), 1), []byte("\n-----BEGIN"))
	mail := "From: " + address + "\r\n\r\n-----BEGIN" + strings.ReplaceAll(string(rev), "\n", "\r\n")
	if err := send([]byte(mail)); err != nil {
		t.Fatalf("revoke: %v", err)
	}
	w.checkHistory(ctx, t, "ke2", gsp.RevokedKey)
	// The Party lets its officers' keys pass from now on.
	if _, err := carryOut(ctx, w, admin.PartyKeys, admin.PartyKeysOf{ID: "ke", Automatic: true}); err != nil {
		t.Fatal(err)
	}
	second := g.key("<" + address + ">")
	if err := send(g.mailed(nil, "--create", second, address)); err != nil {
		t.Fatalf("hand in another: %v", err)
	}
	if err := send(g.mailed(w.lastMail(ctx, t, "ke2"), "--receive")); err != nil {
		t.Fatalf("confirm another: %v", err)
	}
	w.checkHistory(ctx, t, "ke2", gsp.PublishedKey)
	g.handInByAlias(ctx, w, second)
	g.handInForTheParty(ctx, w)
	other := gnupg{t, filepath.Join(dir, "another officer")}
	if err := os.Mkdir(other.home, 0o700); err != nil {
		t.Fatal(err)
	}
	defer other.run(nil, "gpgconf", "--kill", "all")
	other.run(nil, "gpg", "--batch", "--auto-key-locate", "clear,nodefault,wkd", "--locate-external-keys", address)
	out := other.run(nil, "gpg", "--with-colons", "--list-keys")
	if !strings.Contains(out, "\nfpr:::::::::"+second) || strings.Contains(out, fingerprint) && !strings.Contains(out, "\npub:r:") {
		t.Errorf("found: got %s, want %s, and the first one revoked", out, second)
	}
}

// handInByAlias carries the exchange for an address of an alias, which has a user
// ID of its own in the officer's published key: the directory there answers with it.
func (g gnupg) handInByAlias(ctx context.Context, w *world, fingerprint string) {
	g.Helper()
	const address = "ke2@" + formerDomain
	if out := g.run(nil, wksClient, "--with-colons", "--supported", formerDomain); !strings.HasPrefix(out, formerDomain+":1:1:") {
		g.Errorf("supported by the alias: got %q, want directory and service", out)
	}
	if _, err := g.try(nil, wksClient, "--check", address); err == nil {
		g.Error("published for the alias before it was handed in")
	}
	g.run(nil, "gpg", "--batch", "--passphrase", "", "--pinentry-mode", "loopback", "--quick-add-uid", fingerprint, "<"+address+">")
	request := g.mailed(nil, "--create", fingerprint, address)
	if !bytes.Contains(request, []byte("From: "+address)) || !bytes.Contains(request, []byte("To: keys@")) {
		g.Fatalf("hand in by the alias: got %.300q, want a mail from it to keys@", request)
	}
	keys := []gsp.Address{{Local: "keys", Domain: formerDomain}}
	for range 2 { // the second one says nothing new
		if _, err := w.send(ctx, "ke2", keys, request); err != nil {
			g.Fatalf("hand in by the alias: %v", err)
		}
		g.run(nil, wksClient, "--check", address)
		request = g.mailed(nil, "--create", fingerprint, address)
	}
	w.checkHistory(ctx, g.T, "ke2", gsp.RenewedKey)
}

// handInForTheParty carries the exchange for the Party's own key, from the login
// of an administrator: the program writes the Party's address into From.
func (g gnupg) handInForTheParty(ctx context.Context, w *world) {
	g.Helper()
	const address = "ke@" + domain
	fingerprint := g.key(address)
	keys := []gsp.Address{{Local: "keys", Domain: domain}}
	request := g.mailed(nil, "--create", fingerprint, address)
	if _, err := w.send(ctx, "ke2", keys, request); err == nil || !strings.Contains(err.Error(), string(gsp.WrongSender)) {
		g.Errorf("by who is no administrator: got %v, want %s", err, gsp.WrongSender)
	}
	if _, err := w.send(ctx, "admin.ke", keys, request); err != nil {
		g.Fatalf("hand in for the Party: %v", err)
	}
	if _, err := w.send(ctx, "admin.ke", keys, g.mailed(w.lastMail(ctx, g.T, "admin.ke"), "--receive")); err != nil {
		g.Fatalf("confirm for the Party: %v", err)
	}
	for _, login := range []string{"second.ke", "third.ke"} {
		if _, err := carryOut(ctx, w, admin.AccountAdd, admin.NewAccount{Login: login, Party: "ke", Roles: []string{"administrator"}}); err != nil {
			g.Fatal(err)
		}
		in := admin.Verdict{KeyOf: admin.KeyOf{Address: "ke", Fingerprint: fingerprint}, By: login}
		if _, err := carryOut(ctx, w, admin.KeyApprove, in); err != nil {
			g.Fatalf("approve the Party's key: %v", err)
		}
	}
	g.run(nil, wksClient, "--check", address)
	w.checkHistory(ctx, g.T, "ke", gsp.PublishedKey)
}

// ownNetwork starts a gateway where GnuPG finds it.
func ownNetwork(ctx context.Context, t *testing.T, dir string) *world {
	t.Helper()
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	bind := func(name, text, over string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		run("mount", "--bind", path, over)
	}
	run("ip", "link", "set", "lo", "up")
	bind("hosts", "127.0.0.1 localhost "+domain+" openpgpkey."+domain+" "+formerDomain+" openpgpkey."+formerDomain+"\n", "/etc/hosts")
	bind("resolv.conf", "", "/etc/resolv.conf")
	w := newWorld(ctx, t, formerDomain)
	const bundle = "/etc/ssl/certs/ca-certificates.crt"
	system, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(w.gateway.CA)
	if err != nil {
		t.Fatal(err)
	}
	bind("ca.crt", string(system)+string(own), bundle)
	text, err := os.ReadFile(w.configPath())
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(string(text), "[https]")
	after = strings.Replace(after, `"127.0.0.1:0"`, `"127.0.0.1:443"`, 1)
	if err := os.WriteFile(w.configPath(), []byte(before+"[https]"+after), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.restart(ctx, nil); err != nil {
		t.Fatal(err)
	}
	return w
}

// lastMail returns the newest mail of an INBOX as it comes over IMAP.
func (w *world) lastMail(ctx context.Context, t *testing.T, login string) []byte {
	t.Helper()
	box, err := client.OpenMailbox(ctx, w.login(login, w.gateway.IMAP), "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	uids, err := box.UIDs(ctx)
	if err != nil || len(uids) == 0 {
		t.Fatalf("mails of %s: got %v, %v, want one", login, uids, err)
	}
	raw, err := box.Fetch(ctx, uids[len(uids)-1])
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// checkHistory holds the last line of the history of an address against what the
// directory answers for it.
func (w *world) checkHistory(ctx context.Context, t *testing.T, local string, want gsp.KeyAct) {
	t.Helper()
	entries, err := carryOut(ctx, w, admin.KeyHistory, admin.KeyOf{Address: local})
	if err != nil || len(entries) == 0 {
		t.Fatalf("history: got %d lines, %v", len(entries), err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"https://"+w.gateway.HTTPS.String()+"/.well-known/openpgpkey/hu/"+gsp.WKDHash(local), nil)
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.roots, ServerName: domain}}}
	answer, err := web.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	if last := entries[len(entries)-1]; last.Act != want || last.Answer != hex.EncodeToString(sum[:]) {
		t.Errorf("history: got %s of %s, want %s of %x", last.Act, last.Answer, want, sum)
	}
}
