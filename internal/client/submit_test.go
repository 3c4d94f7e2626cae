package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"

	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/localca"
	"gsp.example/gsp/internal/peer"
	"gsp.example/gsp/smtpd"
)

// authority makes a certificate authority of the test's own, and returns what
// a server listens with and what a client trusts.
func authority(t *testing.T) (server *tls.Config, roots *x509.CertPool) {
	t.Helper()
	issued, err := localca.Ensure(t.TempDir(), localca.Names("gsp.example"), localca.Loopback(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := localca.Open(issued.Certificate, issued.Key, nil)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(issued.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("the authority cannot be read")
	}
	return pair.Config(), roots
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// office answers for the gateway behind the submission door: one account, and
// it takes any mail but those with a certain subject.
type office struct {
	mu    sync.Mutex
	taken []gsp.Submission
}

func (o *office) Mechanisms(peer.Peer) []string { return []string{sasl.Plain} }

func (o *office) Exchange(_ string, _ peer.Peer, loggedIn func(gsp.Account)) (sasl.Server, bool) {
	return sasl.NewPlainServer(func(_, login, password string) error {
		if login != "fr1.fr" || password != "correct horse" {
			return &gsp.Refusal{Reason: gsp.BadLogin, Cause: "login or password is wrong", Remedy: "check both"}
		}
		loggedIn(gsp.Account{ID: 1, Login: "fr1.fr", Party: "fr"})
		return nil
	}), true
}

func (o *office) Sender(_ gsp.AccountID, from gsp.Address) error {
	if from != address("fr1.fr") {
		return &gsp.Refusal{Reason: gsp.WrongSender, Cause: "this is not your address", Remedy: "send as yourself"}
	}
	return nil
}

func (o *office) Recipient(to gsp.Address) error {
	if to.Local == "nobody" {
		return &gsp.Refusal{Reason: gsp.UnknownRecipient, Cause: "nobody has this address", Remedy: "check it"}
	}
	return nil
}

func (o *office) Submit(_ context.Context, s gsp.Submission) (gsp.Receipt, error) {
	if strings.Contains(string(s.Raw), "Subject: plain") {
		return gsp.Receipt{}, &gsp.Refusal{Reason: gsp.NotSealed, Cause: "this mail is not encrypted", Remedy: "turn on encryption and send it again"}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = append(o.taken, s)
	return gsp.Receipt{Event: 1, Mail: 7, Case: "2026-KE-7Q4M2"}, nil
}

func submission(t *testing.T) (*office, client.Login) {
	t.Helper()
	config, roots := authority(t)
	o := &office{}
	door := &smtpd.Server{Accounts: o, Submitter: o, TLS: config, Domain: "gsp.example"}
	l := listen(t)
	done := make(chan error, 1)
	go func() { done <- door.Serve(l) }()
	t.Cleanup(func() {
		if err := door.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-done
	})
	return o, client.Login{
		Server: l.Addr().String(), TLS: &tls.Config{RootCAs: roots}, User: "fr1.fr", Password: "correct horse",
	}
}

func TestSubmit(t *testing.T) {
	o, login := submission(t)
	raw := []byte("From: <fr1.fr@gsp.example>\r\nSubject: x\r\n\r\n.dot\r\nlast\r\n")
	reply, err := client.Submit(t.Context(), login, address("fr1.fr"), []gsp.Address{address("ke"), address("de")}, raw)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(reply, "2026-KE-7Q4M2") {
		t.Errorf("got reply %q, want the case in it", reply)
	}
	if len(o.taken) != 1 || string(o.taken[0].Raw) != string(raw) || !slices.Equal(o.taken[0].Recipients, []gsp.Address{address("ke"), address("de")}) {
		t.Errorf("got %+v, want %q", o.taken, raw)
	}
}

func TestSubmitRejected(t *testing.T) {
	_, login := submission(t)
	wrong := login
	wrong.Password = "guess"
	for _, test := range []struct {
		name     string
		login    client.Login
		from, to string
		subject  string
		want     client.Rejection
		reason   gsp.Reason
	}{
		{"password", wrong, "fr1.fr", "ke", "x", client.Rejection{Command: "AUTH", Code: 535, Enhanced: "5.7.8"}, gsp.BadLogin},
		{"sender", login, "de1.de", "ke", "x", client.Rejection{Command: "MAIL", Code: 550, Enhanced: "5.7.1"}, gsp.WrongSender},
		{"recipient", login, "fr1.fr", "nobody", "x", client.Rejection{Command: "RCPT", Code: 550, Enhanced: "5.1.1"}, gsp.UnknownRecipient},
		{"mail", login, "fr1.fr", "ke", "plain", client.Rejection{Command: "mail", Code: 550, Enhanced: "5.7.1"}, gsp.NotSealed},
	} {
		raw := []byte("Subject: " + test.subject + "\r\n\r\n")
		_, err := client.Submit(t.Context(), test.login, address(test.from), []gsp.Address{address(test.to)}, raw)
		var r *client.Rejection
		if !errors.As(err, &r) {
			t.Errorf("%s: got %v, want a rejection", test.name, err)
			continue
		}
		if r.Command != test.want.Command || r.Code != test.want.Code || r.Enhanced != test.want.Enhanced || r.Reason() != test.reason || r.Temporary() {
			t.Errorf("%s: got %+v (%s), want %+v (%s)", test.name, r, r.Reason(), test.want, test.reason)
		}
	}
}

func TestSubmitTrustsItsAuthorityOnly(t *testing.T) {
	_, login := submission(t)
	login.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
	var unknown x509.UnknownAuthorityError
	if _, err := client.Submit(t.Context(), login, address("fr1.fr"), nil, nil); !errors.As(err, &unknown) {
		t.Errorf("got %v, want an unknown authority", err)
	}
}

// A server that says nothing holds the caller no longer than its context.
func TestSubmitEndsWithItsContext(t *testing.T) {
	config, roots := authority(t)
	l := tls.NewListener(listen(t), config)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("the officer closed the window")
	hungUp := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			hungUp <- err
			return
		}
		defer conn.Close()
		if err := conn.(*tls.Conn).Handshake(); err != nil {
			t.Error(err)
		}
		cancel(reason)
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err = conn.Read(make([]byte, 1))
		hungUp <- err
	}()
	login := client.Login{Server: l.Addr().String(), TLS: &tls.Config{RootCAs: roots}}
	if _, err := client.Submit(ctx, login, address("fr1.fr"), nil, nil); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
	if err := <-hungUp; errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the client went on waiting")
	}
}

func TestLoginDoesNotPrintItsPassword(t *testing.T) {
	login := client.Login{Server: "127.0.0.1:465", User: "fr1.fr", Password: "correct horse"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, login); strings.Contains(got, "horse") {
			t.Errorf("%s: got %q", format, got)
		}
	}
}
