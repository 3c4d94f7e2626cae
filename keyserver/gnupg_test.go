package keyserver_test

import (
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/keyserver"
)

// insideEnv tells the test binary that it runs in a network of its own, and
// where the files for it are.
const insideEnv = "GSP_KEYSERVER_TESTNET"

// GnuPG asks on port 443 only, by the names in /etc/hosts, and trusts the
// system's authorities only. So this test starts itself again in a network
// and mount namespace that has all three of its own.
func TestGnuPGFindsKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("starts GnuPG")
	}
	for _, program := range []string{"gpg", "dirmngr", "gpgconf", "unshare", "ip", "mount"} {
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
	inside := append(namespace, os.Args[0], "-test.run=^TestInsideGnuPGFindsKeys$", "-test.v")
	cmd := exec.CommandContext(t.Context(), "unshare", inside...)
	// A short path: gpg-agent's sockets have at most 108 octets of it.
	dir, err := os.MkdirTemp("", "wkd")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cmd.Env = append(os.Environ(), insideEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestInsideGnuPGFindsKeys") {
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

func TestInsideGnuPGFindsKeys(t *testing.T) {
	dir := os.Getenv(insideEnv)
	if dir == "" {
		t.Skip("run by TestGnuPGFindsKeys")
	}
	const domain = "gsp.example"
	serverTLS, authority := testTLS(t, domain)
	system, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		t.Fatal(err)
	}
	hosts := filepath.Join(dir, "hosts")
	write(t, hosts, "127.0.0.1 localhost "+domain+" openpgpkey."+domain+"\n")
	write(t, filepath.Join(dir, "resolv.conf"), "")
	write(t, filepath.Join(dir, "ca.crt"), string(system)+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw})))
	run(t, "", "ip", "link", "set", "lo", "up")
	run(t, "", "mount", "--bind", hosts, "/etc/hosts")
	run(t, "", "mount", "--bind", filepath.Join(dir, "resolv.conf"), "/etc/resolv.conf")
	run(t, "", "mount", "--bind", filepath.Join(dir, "ca.crt"), "/etc/ssl/certs/ca-certificates.crt")

	owner := home(t, dir, "owner")
	certs := directory{}
	for _, local := range []string{"ke", "eu"} {
		certs[gsp.WKDHash(local)] = []keyserver.Entry{certify(t, owner, gsp.Address{Local: local, Domain: domain})}
	}
	fingerprint := certs[gsp.WKDHash("ke")][0].Fingerprint
	held, revoked := revoke(t, home(t, dir, "former"), gsp.Address{Local: "eu", Domain: domain})
	certs[gsp.WKDHash("eu")] = append(certs[gsp.WKDHash("eu")], revoked)
	s := &keyserver.Server{Directory: certs, Domain: domain, Submission: "keys@" + domain, TLS: serverTLS}
	l, err := net.Listen("tcp", "127.0.0.1:443")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	defer s.Shutdown(t.Context())

	for _, method := range []struct{ name, hosts string }{
		{"advanced", "127.0.0.1 localhost " + domain + " openpgpkey." + domain + "\n"},
		{"direct", "127.0.0.1 localhost " + domain + "\n"},
	} {
		write(t, hosts, method.hosts)
		officer := home(t, dir, method.name)
		locate := []string{"--batch", "--auto-key-locate", "clear,nodefault,wkd", "--locate-external-keys"}
		// One that is not there first: after it GnuPG asks for the policy file
		// and, were there none, would not ask for another key.
		if out, err := gnupg(t, officer, "gpg", append(locate, "nobody@"+domain)...); err == nil {
			t.Errorf("%s: a key of nobody was found: %s", method.name, out)
		}
		gpgImport(t, officer, held)
		for _, local := range []string{"ke", "EU"} {
			out, err := gnupg(t, officer, "gpg", append(locate, local+"@"+domain)...)
			if err != nil || !strings.Contains(out, strings.ToLower(local)+"@"+domain) {
				t.Errorf("%s: locate %s: %v\n%s", method.name, local, err, out)
			}
		}
		if out := run(t, officer, "gpg", "--with-colons", "--list-keys", revoked.Fingerprint); !strings.Contains(out, "\npub:r:") {
			t.Errorf("%s: the officer does not learn that a key is revoked:\n%s", method.name, out)
		}
		const wks = "/usr/lib/gnupg/gpg-wks-client"
		if _, err := os.Stat(wks); err == nil {
			out, err := gnupg(t, officer, wks, "--with-colons", "--supported", domain)
			if want := domain + ":1:1:"; err != nil || !strings.HasPrefix(out, want) {
				t.Errorf("%s: supported: got %q, %v, want %s", method.name, out, err, want)
			}
			if out, err := gnupg(t, officer, wks, "--check", "ke@"+domain); err != nil {
				t.Errorf("%s: check: %v\n%s", method.name, err, out)
			}
			if out, err := gnupg(t, officer, wks, "--check", "nobody@"+domain); err == nil {
				t.Errorf("%s: check of nobody: %s", method.name, out)
			}
		}
		if _, err := exec.LookPath("sq"); err == nil {
			found := filepath.Join(dir, method.name+".pgp")
			run(t, officer, "sq", "--force", "wkd", "get", "--output", found, "ke@"+domain)
			if out := run(t, officer, "gpg", "--show-keys", "--with-colons", found); !strings.Contains(out, fingerprint) {
				t.Errorf("%s: sq: got %s, want %s", method.name, out, fingerprint)
			}
		}
		gnupg(t, officer, "gpgconf", "--kill", "all")
	}
	insideKeyserver(t, home(t, dir, "keyserver"), domain, fingerprint)
}

// certify makes a key with more than may be published, and returns what is
// published of it.
func certify(t *testing.T, home string, address gsp.Address) keyserver.Entry {
	t.Helper()
	gpg := func(args ...string) string {
		return run(t, home, "gpg", append([]string{"--batch", "--passphrase", "", "--pinentry-mode", "loopback"}, args...)...)
	}
	gpg("--quick-generate-key", "Somebody <"+address.String()+">", "future-default", "default", "1y")
	gpg("--quick-add-uid", address.String(), "Grace <grace@elsewhere.example>")
	cert, err := pgpcert.Read([]byte(gpg("--armor", "--export", address.String())), address, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return keyserver.Entry{
		Certificate: gsp.Certificate{Address: address, Fingerprint: cert.Fingerprint(), Bytes: cert.Bytes(), Published: published},
		UserID:      cert.UserID(), Algorithm: cert.Algorithm(), Bits: cert.Bits(), Created: cert.Created(), Expires: cert.Expires(),
	}
}

// revoke makes a key, and returns it as an officer holds it and as it is
// published after its owner revoked it.
func revoke(t *testing.T, home string, address gsp.Address) (held []byte, revoked keyserver.Entry) {
	t.Helper()
	revoked = certify(t, home, address)
	before, err := pgpcert.Load(revoked.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	revocation, err := os.ReadFile(filepath.Join(home, "openpgp-revocs.d", revoked.Fingerprint+".rev"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := before.Merge([]byte(strings.Replace(string(revocation), "\n:-----", "\n-----", 1)), time.Now())
	if err != nil || !after.Revoked() {
		t.Fatalf("got %v, %v, want it revoked", after, err)
	}
	held = revoked.Bytes
	revoked.Bytes, revoked.Revoked = after.Bytes(), true
	return held, revoked
}

func gpgImport(t *testing.T, home string, cert []byte) {
	t.Helper()
	file := filepath.Join(home, "held.pgp")
	write(t, file, string(cert))
	run(t, home, "gpg", "--batch", "--import", file)
}

// insideKeyserver asks as clients do that know keyservers and no WKD.
func insideKeyserver(t *testing.T, officer, domain, fingerprint string) {
	defer gnupg(t, officer, "gpgconf", "--kill", "all")
	// With its port, since GnuPG would ask DNS for another one, and there is none.
	ask := []string{"--batch", "--keyserver", "hkps://" + domain + ":443"}
	out := run(t, officer, "gpg", append(ask, "--with-colons", "--search-keys", "ke@"+domain)...)
	if !strings.Contains(out, "pub:"+fingerprint+":22:") || !strings.Contains(out, "uid:Somebody <ke@"+domain+">:") {
		t.Errorf("search: got %s, want %s", out, fingerprint)
	}
	if out, err := gnupg(t, officer, "gpg", append(ask, "--search-keys", "Somebody")...); err == nil {
		t.Errorf("search by a part: got %s, want nothing", out)
	}
	run(t, officer, "gpg", append(ask, "--recv-keys", fingerprint)...)
	if out := run(t, officer, "gpg", "--with-colons", "--list-keys"); !strings.Contains(out, fingerprint) || strings.Contains(out, "elsewhere") {
		t.Errorf("received: got %s, want %s alone", out, fingerprint)
	}
	run(t, officer, "gpg", append(ask, "--refresh-keys")...)
	if out, err := gnupg(t, officer, "gpg", append(ask, "--send-keys", fingerprint)...); err == nil {
		t.Errorf("send: got %s, want it refused", out)
	}
	if _, err := exec.LookPath("curl"); err == nil {
		file := filepath.Join(officer, "parties.pgp")
		for _, version := range []string{"--http1.1", "--http2"} {
			run(t, officer, "curl", "--silent", "--show-error", "--fail", version, "--user", "x:y", "--output", file, "https://"+domain+"/keys/parties.pgp")
			if out := run(t, officer, "gpg", "--show-keys", "--with-colons", file); strings.Count(out, "\npub:") != 2 || !strings.HasPrefix(out, "pub:") {
				t.Errorf("%s: got %s, want three certificates", version, out)
			}
		}
	}
	if _, err := exec.LookPath("sq"); err == nil {
		file := filepath.Join(officer, "sq.pgp")
		run(t, officer, "sq", "--force", "keyserver", "--server", "hkps://"+domain, "get", "--output", file, fingerprint)
		if out := run(t, officer, "gpg", "--show-keys", "--with-colons", file); !strings.Contains(out, fingerprint) {
			t.Errorf("sq: got %s, want %s", out, fingerprint)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func home(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, home, program string, args ...string) string {
	t.Helper()
	out, err := gnupg(t, home, program, args...)
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return out
}

// gnupg returns what a program writes, and what it complains of if it fails.
func gnupg(t *testing.T, home, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+home, "LC_ALL=C")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return string(out) + complaint.String(), err
	}
	return string(out), nil
}
