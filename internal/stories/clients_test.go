package stories_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// foreign is a person with programs that nobody here wrote: GnuPG, and mail
// clients of the command line.
type foreign struct {
	*world
	t   *testing.T
	ctx context.Context
	env []string
}

// newForeign starts a gateway and gives GnuPG the keys of fr1, ke1 and ke.
func newForeign(t *testing.T, programs ...string) *foreign {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is missing", name)
			}
			t.Skipf("%s is missing: install it to try the gateway with it", name)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	f := &foreign{world: &world{folder: t.TempDir()}, t: t, ctx: ctx}
	f.must(f.start(ctx, nil))
	t.Cleanup(func() { f.stop(t) })
	f.must(f.party(ctx, []string{"fr", "France"}))
	f.must(f.party(ctx, []string{"ke", "Kenya"}))
	f.must(f.officer(ctx, []string{"fr1", "fr"}))
	f.must(f.officer(ctx, []string{"ke1", "ke"}))

	home, err := os.MkdirTemp("", "gpg") // a short path: the agent's socket stands in it
	if err != nil {
		t.Fatal(err)
	}
	f.env = append(os.Environ(), "GNUPGHOME="+home, "HOME="+home)
	t.Cleanup(func() {
		kill := exec.Command("gpgconf", "--kill", "all")
		kill.Env = f.env
		_ = kill.Run() // an agent that is gone already is as good
		os.RemoveAll(home)
	})
	for _, local := range []string{"fr1", "ke1", "ke"} {
		secret, err := f.keys[local].Armoured()
		if err != nil {
			t.Fatal(err)
		}
		f.run(string(secret), "gpg", "--batch", "--import")
	}
	return f
}

func (f *foreign) must(out string, err error) string {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// try runs a program in the story's folder, and returns what it printed.
func (f *foreign) try(input, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(f.ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = f.folder, f.env, strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return string(out), err
}

func (f *foreign) run(input, name string, args ...string) string {
	f.t.Helper()
	return f.must(f.try(input, name, args...))
}

// mail is a request of fr1 to ke, sealed by GnuPG, with its code in the
// subject as a client without headers of its own writes it.
func (f *foreign) mail(id string) string {
	f.t.Helper()
	sealed := f.run("Content-Type: text/plain\r\n\r\nAre these yours?\r\n", "gpg", "--batch", "--quiet", "--trust-model", "always",
		"--armor", "--sign", "--local-user", "fr1@"+domain, "--encrypt", "--recipient", "ke@"+domain, "--recipient", "fr1@"+domain)
	return "From: Camille <fr1@" + domain + ">\nTo: ke@" + domain + "\nSubject: packs [uim KE7######## n=3]\n" +
		"Date: " + time.Now().Format(time.RFC1123Z) + "\nMessage-ID: <" + id + "@laptop.example>\nUser-Agent: Example/1.0\nMIME-Version: 1.0\n" +
		"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"=_b\"\n\n" +
		"This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n" +
		"--=_b\nContent-Type: application/pgp-encrypted\nContent-Description: PGP/MIME version identification\n\nVersion: 1\n\n" +
		"--=_b\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\n\n" + sealed + "\n--=_b--\n"
}

// write puts a file into the story's folder and returns its name.
func (f *foreign) write(name, text string) string {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.folder, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return name
}

func port(a net.Addr) string {
	_, port, _ := net.SplitHostPort(a.String()) // a listener's address has one
	return port
}

// TestForeignClients is one exchange with programs that nobody here wrote:
// GnuPG seals and opens, msmtp, swaks and curl submit, mbsync and curl read.
func TestForeignClients(t *testing.T) {
	f := newForeign(t, "gpg", "msmtp", "swaks", "curl", "mbsync")
	ca := f.gateway.CA

	msmtprc := f.write("msmtprc", fmt.Sprintf("account default\nhost 127.0.0.1\nport %s\ntls on\ntls_starttls off\ntls_trust_file %s\n"+
		"auth plain\nuser fr1\npassword %s\nfrom fr1@%s\n", port(f.gateway.SMTP), ca, f.passwords["fr1"], domain))
	f.run(f.mail("msmtp"), "msmtp", "-C", msmtprc, "ke@"+domain)
	if out, err := f.try("Subject: x\n\nplain\n", "msmtp", "-C", msmtprc, "ke@"+domain); err == nil || !strings.Contains(err.Error(), "not-sealed") {
		t.Errorf("msmtp with a plain mail: got %q, %v, want not-sealed", out, err)
	}

	out := f.run("", "swaks", "--server", f.gateway.SMTP.String(), "-tlsc", "--tls-verify", "--tls-ca-path", ca,
		"--auth", "PLAIN", "--auth-user", "fr1@"+domain, "--auth-password", f.passwords["fr1"],
		"--from", "fr1@"+domain, "--to", "ke@"+domain, "--data", "@"+f.write("swaks.eml", f.mail("swaks")))
	if !strings.Contains(out, "250 2.0.0 stored, case") {
		t.Errorf("swaks: got\n%s\nwant the case in the last reply", out)
	}

	f.run("", "curl", "--silent", "--show-error", "--crlf", "--cacert", ca, "--url", "smtps://"+f.gateway.SMTP.String(),
		"--user", "fr1:"+f.passwords["fr1"], "--mail-from", "fr1@"+domain, "--mail-rcpt", "ke@"+domain,
		"--upload-file", f.write("curl.eml", f.mail("curl")))

	if err := os.Mkdir(filepath.Join(f.folder, "mail"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.run("", "mbsync", "-c", f.write("mbsyncrc", fmt.Sprintf("IMAPStore far\nHost localhost\nPort %s\nUser ke1\nPass %s\nSSLType IMAPS\nCertificateFile %s\n\n"+
		"MaildirStore near\nPath %s/mail/\nInbox %s/mail/INBOX\nSubFolders Verbatim\n\nChannel all\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSyncState *\n",
		port(f.gateway.IMAP), f.passwords["ke1"], ca, f.folder, f.folder)), "all")
	mails, err := filepath.Glob(filepath.Join(f.folder, "mail/Authority/ke/INBOX/new/*"))
	if err != nil || len(mails) != 3 {
		t.Fatalf("mbsync: got %d mails, %v, want 3", len(mails), err)
	}
	for _, name := range mails {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, gone := range []string{"Camille", "laptop.example>\r\nUser", "User-Agent", "packs", "RFC 4880"} {
			if strings.Contains(string(text), gone) {
				t.Errorf("the delivered mail shows %q", gone)
			}
		}
		if !strings.Contains(string(text), `GSP-UIM: "KE7########";n=3`) {
			t.Errorf("the delivered mail has no GSP-UIM:\n%.600s", text)
		}
		opened, err := f.try("", "gpg", "--batch", "--quiet", "--trust-model", "always", "--decrypt", name)
		if err != nil || !strings.Contains(opened, "Are these yours?") || !strings.Contains(opened, "Good signature") {
			t.Errorf("gpg --decrypt: got %q, %v, want the text and a good signature", opened, err)
		}
	}

	found := f.run("", "curl", "--silent", "--show-error", "--cacert", ca, "--user", "ke1:"+f.passwords["ke1"],
		"imaps://"+f.gateway.IMAP.String()+"/Authority%2Fke%2FINBOX", "--request", "SEARCH ALL")
	if got := strings.TrimSpace(found); got != "* SEARCH 1 2 3" {
		t.Errorf("curl over IMAP: got %q, want three mails", got)
	}
	if _, err := f.recount(f.ctx, nil); err != nil {
		t.Error(err)
	}
}
