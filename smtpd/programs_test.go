package smtpd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/auth"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/localca"
	"gsp.example/gsp/smtpd"
)

// registered is a roll whose logins are checked as the gateway checks them:
// an officer with a password, and a system with a client certificate.
type registered struct{ *auth.Authenticator }

func (registered) Sender(account gsp.AccountID, from gsp.Address) error {
	return roll{}.Sender(account, from)
}

func (registered) Recipient(to gsp.Address) error { return roll{}.Recipient(to) }

// programs is a door, and a folder with what programs need to know of it.
type programs struct {
	*door
	t           *testing.T
	folder      string
	ca          string // file
	implicit    string // address
	starttls    string
	password    string
	certificate string // file of the system's, with its key
}

func openPrograms(t *testing.T) *programs {
	t.Helper()
	p := &programs{t: t, folder: t.TempDir(), password: auth.NewPassword(rand.Reader)}
	var pin [sha256.Size]byte
	p.certificate, pin = p.newCertificate()
	credential := auth.NewCredential(7, p.password, time.Now())
	logins := auth.NewAuthenticator(auth.Options{
		Domain: domain,
		Login: func(login string) (gsp.Account, gsp.Credential, bool) {
			return gsp.Account{ID: 7, Login: "customs1.ke", Party: "ke"}, credential, login == "customs1.ke"
		},
		Pin: func(shown [sha256.Size]byte) (gsp.Account, bool) {
			// the same sender, so that the fake roll lets it send
			return gsp.Account{ID: 7, Login: "customs1.ke", Party: "ke", Kind: gsp.System}, shown == pin
		},
		Now: time.Now,
	})
	issued, err := localca.Ensure(filepath.Join(p.folder, "tls"), localca.Names(domain), localca.Loopback(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := localca.Open(issued.Certificate, issued.Key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.ca = issued.CA
	p.door = openDoor(t, func(s *smtpd.Server) {
		s.Accounts, s.TLS = registered{logins}, pair.Config()
		s.Certificates = func() bool { return true }
	})
	p.implicit = p.addr
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.starttls = l.Addr().String()
	go p.server.ServeSTARTTLS(l)

	p.write("mail.eml", body)
	return p
}

// newCertificate writes one that signs itself, and its key, into one file.
func (p *programs) newCertificate() (file string, pin [sha256.Size]byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		p.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	return p.write("system.pem", string(text)), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
}

func (p *programs) write(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// run runs a program and returns all that it printed.
func (p *programs) run(t *testing.T, input, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing", name)
		}
		t.Skipf("%s is missing: install it to try the door with it", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = p.folder, append(os.Environ(), "HOME="+p.folder, "LC_ALL=C"), strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestPrograms is what programs that nobody here wrote make of logins and TLS.
// The stories have them send sealed mail through a whole gateway.
func TestPrograms(t *testing.T) {
	p := openPrograms(t)
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	msmtp := func(address, starttls, mechanism string) []string {
		file := p.write("msmtprc-"+starttls, fmt.Sprintf("account default\nhost 127.0.0.1\nport %s\ntls on\ntls_starttls %s\ntls_trust_file %s\n"+
			"auth %s\nuser customs1.ke\npassword %s\nfrom %s\n", port(address), starttls, p.ca, mechanism, p.password, officer))
		return []string{"-C", file, "--debug", "ke@" + domain}
	}
	curl := func(more ...string) []string {
		return append([]string{"--verbose", "--silent", "--show-error", "--cacert", p.ca, "--mail-from", officer,
			"--mail-rcpt", "ke@" + domain, "--upload-file", "mail.eml"}, more...)
	}
	swaks := func(more ...string) []string {
		return append([]string{"--tls-verify", "--tls-ca-path", p.ca, "--auth", "PLAIN", "--auth-user", officer, "--auth-password", p.password,
			"--from", officer, "--to", "ke@" + domain, "--data", "@mail.eml"}, more...)
	}
	gsasl := func(more ...string) []string {
		return append([]string{"--smtp", "--connect", p.starttls, "--starttls", "--x509-ca-file=" + p.ca, "--hostname", domain, "--verbose",
			"-a", "customs1.ke", "-p", p.password}, more...)
	}
	python := fmt.Sprintf(`
import smtplib, ssl
context = ssl.create_default_context(cafile="%s")
for connect in (lambda: smtplib.SMTP_SSL("127.0.0.1", %s, context=context), lambda: smtplib.SMTP("127.0.0.1", %s)):
    with connect() as s:
        if not isinstance(s, smtplib.SMTP_SSL):
            try:
                s.mail("%s")
            except smtplib.SMTPException as e:
                print(e)
            print(s.docmd("AUTH", "PLAIN"))
            s.starttls(context=context)
        print(s.login("customs1.ke", "%s"))
        s.sendmail("%s", ["ke@%s"], open("mail.eml", "rb").read())
        print(s.noop())
`, p.ca, port(p.implicit), port(p.starttls), officer, p.password, officer, domain)
	for _, test := range []struct {
		title, program string
		args           []string
		input          string
		mails          int
		want           []string
	}{
		{"curl", "curl", curl("--url", "smtps://"+p.implicit, "--user", "customs1.ke:"+p.password), "", 1,
			[]string{"< 250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n", "< 250 2.0.0 stored, case"}},
		{"curl, STARTTLS", "curl", curl("--ssl-reqd", "--url", "smtp://"+p.starttls, "--user", "customs1.ke:"+p.password), "", 1,
			[]string{"< 220 2.0.0 begin TLS", "< 250 2.0.0 stored, case"}},
		{"curl, certificate", "curl", curl("--url", "smtps://"+p.implicit, "--user", "customs1.ke:", "--login-options", "AUTH=EXTERNAL", "--cert", p.certificate), "", 1,
			[]string{"PLAIN EXTERNAL LOGIN\r\n", "> AUTH EXTERNAL", "< 235 2.7.0 logged in", "< 250 2.0.0 stored, case"}},
		{"curl, certificate and STARTTLS with TLS 1.2", "curl", curl("--tls-max", "1.2", "--ssl-reqd", "--url", "smtp://"+p.starttls, "--user", "customs1.ke:", "--login-options", "AUTH=EXTERNAL", "--cert", p.certificate), "", 1,
			[]string{"> AUTH EXTERNAL", "< 250 2.0.0 stored, case"}},
		{"msmtp, SCRAM", "msmtp", msmtp(p.implicit, "off", "scram-sha-256"), body, 1,
			[]string{"--> AUTH SCRAM-SHA-256", "<-- 235 2.7.0 logged in", "<-- 250 2.0.0 stored, case"}},
		{"msmtp, STARTTLS", "msmtp", msmtp(p.starttls, "on", "on"), body, 1, []string{"<-- 250 2.0.0 stored, case"}},
		{"swaks, STARTTLS", "swaks", swaks("--server", p.starttls, "-tls"), "", 1, []string{"<-  220 2.0.0 begin TLS", "<~  250 2.0.0 stored, case"}},
		{"swaks, pipelining", "swaks", swaks("--server", p.implicit, "-tlsc", "--pipeline"), "", 1, []string{"<~  250 2.0.0 stored, case"}},
		{"GNU SASL, bound to TLS 1.3", "gsasl", gsasl("-m", "SCRAM-SHA-256-PLUS"), "", 0,
			[]string{"cD10bHMtZXhwb3J0ZXIs", "235 2.7.0 logged in", "server trusted"}}, // p=tls-exporter, in base 64
		{"GNU SASL, not bound", "gsasl", gsasl("-m", "SCRAM-SHA-256", "--no-cb"), "", 0, []string{"235 2.7.0 logged in", "server trusted"}},
		{"Python", "python3", []string{"-c", python}, "", 2,
			[]string{"530, b'5.7.0 tls-first", "(235, b'2.7.0 logged in')", "(250, b'2.0.0 nothing done')"}},
		{"OpenSSL", "openssl", []string{"s_client", "-connect", p.starttls, "-starttls", "smtp", "-CAfile", p.ca, "-verify_return_error", "-quiet", "-crlf", "-ign_eof"},
			"EHLO x\nQUIT\n", 0, []string{"250 SIZE", "221 "}},
	} {
		t.Run(test.title, func(t *testing.T) {
			p.store.take()
			out, err := p.run(t, test.input, test.program, test.args...)
			if err != nil {
				t.Errorf("%v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("got\n%s\nwant in it %q", out, want)
				}
			}
			if mails := p.store.take(); len(mails) != test.mails {
				t.Errorf("%d mails, want %d", len(mails), test.mails)
			}
		})
	}
}
