package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"

	"gsp.example/gsp/internal/auth"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// connect shakes hands and returns who the server sees, and what the client
// would bind to.
func connect(t *testing.T, own ...tls.Certificate) (peer.Peer, map[string][]byte) {
	t.Helper()
	shown := newCertificate(t)
	config := peer.Config(&tls.Config{Certificates: []tls.Certificate{shown}}, "smtp", func() bool { return true })
	ours, theirs := net.Pipe()
	client := tls.Client(theirs, &tls.Config{InsecureSkipVerify: true, Certificates: own})
	done := make(chan error, 1)
	go func() {
		err := client.HandshakeContext(t.Context())
		if err == nil {
			client.Read(make([]byte, 1)) // to the end
		}
		done <- err
	}()
	server := peer.Server(ours, config)
	if err := server.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := server.Peer()
	ours.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	state := client.ConnectionState()
	exported, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		t.Fatal(err)
	}
	endPoint := sha256.Sum256(shown.Certificate[0])
	return p, map[string][]byte{peer.Exporter: exported, peer.ServerEndPoint: endPoint[:]}
}

// scramClient is the client's side of SCRAM-SHA-256 (RFC 5802, section 5).
type scramClient struct {
	name, password string
	header         string // "" for "n,,"
	binding        []byte
	change         func(final string) string // nil for none

	salt string // that the server told, with the iterations
}

// login leads the exchange to its end.
func (c *scramClient) login(s sasl.Server) error {
	if c.header == "" {
		c.header = "n,,"
	}
	bare := "n=" + c.name + ",r=fyko+d2lbbFgONRv9qkxdawL"
	challenge, done, err := s.Next(nil)
	if err != nil || done || len(challenge) != 0 {
		return fmt.Errorf("the server speaks first: %q, %v, %w", challenge, done, err)
	}
	challenge, _, err = s.Next([]byte(c.header + bare))
	if err != nil {
		return err
	}
	nonce, rest, _ := strings.Cut(string(challenge), ",s=")
	c.salt = rest
	text, count, _ := strings.Cut(rest, ",i=")
	salt, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	var iterations int
	fmt.Sscan(count, &iterations)
	salted, err := pbkdf2.Key(sha256.New, c.password, salt, iterations, 32)
	if err != nil {
		return err
	}
	key := mac(salted, "Client Key")
	stored := sha256.Sum256(key)
	final := "c=" + base64.StdEncoding.EncodeToString(slices.Concat([]byte(c.header), c.binding)) + "," + nonce
	message := bare + "," + string(challenge) + "," + final
	subtle.XORBytes(key, key, mac(stored[:], message))
	final += ",p=" + base64.StdEncoding.EncodeToString(key)
	if c.change != nil {
		final = c.change(final)
	}
	challenge, done, err = s.Next([]byte(final))
	if err != nil {
		return err
	}
	want := "v=" + base64.StdEncoding.EncodeToString(mac(mac(salted, "Server Key"), message))
	if done || string(challenge) != want {
		return fmt.Errorf("the server's proof: got %q, %v, want %q", challenge, done, want)
	}
	if _, done, err = s.Next([]byte{}); err == nil && !done {
		return fmt.Errorf("the exchange does not end")
	}
	return err
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// try logs in and returns who it was.
func try(t *testing.T, a *auth.Authenticator, mechanism string, p peer.Peer, login func(sasl.Server) error) (gsp.Account, error) {
	t.Helper()
	var who []gsp.Account
	s, ok := a.Exchange(mechanism, p, func(a gsp.Account) { who = append(who, a) })
	if !ok {
		t.Fatalf("%s is not offered", mechanism)
	}
	err := login(s)
	if (err == nil) != (len(who) == 1) {
		t.Fatalf("%s: %v, and %d logins", mechanism, err, len(who))
	}
	if err != nil {
		return gsp.Account{}, err
	}
	return who[0], nil
}

func TestSCRAM(t *testing.T) {
	_, _, a, password := newRoll()
	p, bindings := connect(t)
	for _, test := range []struct {
		mechanism string
		client    scramClient
		cause     string // "" for success
	}{
		{"SCRAM-SHA-256", scramClient{name: "customs1.ke", password: password}, ""},
		{"SCRAM-SHA-256", scramClient{name: "Customs1.KE@GSP.Example", password: password}, ""},
		{"SCRAM-SHA-256-PLUS", scramClient{name: "customs1.ke", password: password, header: "p=tls-exporter,,", binding: bindings[peer.Exporter]}, ""},
		{"SCRAM-SHA-256-PLUS", scramClient{name: "customs1.ke", password: password, header: "p=tls-server-end-point,,", binding: bindings[peer.ServerEndPoint]}, ""},
		{"SCRAM-SHA-256", scramClient{name: "customs1.ke", password: password, header: "n,a=customs1.ke@gsp.example,"}, ""},
		{"SCRAM-SHA-256", scramClient{name: "customs1.ke", password: password, header: "n,a=gone.ke,"}, "acting for another account"},
		{"SCRAM-SHA-256", scramClient{name: "customs1.ke", password: "wrong"}, "login or password is wrong"},
		{"SCRAM-SHA-256", scramClient{name: "nobody", password: password}, "login or password is wrong"},
		{"SCRAM-SHA-256", scramClient{name: "gone.ke", password: password}, "login or password is wrong"},
		{"SCRAM-SHA-256", scramClient{name: "new.ke", password: ""}, "login or password is wrong"},
		{"SCRAM-SHA-256", scramClient{name: "customs1.ke", password: password, header: "y,,"}, "the login is not bound"},
		{"SCRAM-SHA-256-PLUS", scramClient{name: "customs1.ke", password: password}, "the login is not bound"},
		{"SCRAM-SHA-256-PLUS", scramClient{name: "customs1.ke", password: password, header: "p=tls-exporter,,", binding: bindings[peer.ServerEndPoint]}, "the login is not bound"},
		{"SCRAM-SHA-256-PLUS", scramClient{name: "customs1.ke", password: password, header: "p=tls-unique,,", binding: bindings[peer.Exporter]}, "the login is not bound"},
		{"SCRAM-SHA-256", scramClient{name: "customs1.ke", password: password, change: func(string) string { return "" }}, "the login cannot be read"},
	} {
		account, err := try(t, a, test.mechanism, p, test.client.login)
		switch {
		case test.cause == "" && (err != nil || account.ID != 1):
			t.Errorf("%s as %s %s: got %d, %v, want account 1", test.mechanism, test.client.name, test.client.header, account.ID, err)
		case test.cause != "" && (reason(err) != gsp.BadLogin || !strings.Contains(err.Error(), test.cause)):
			t.Errorf("%s as %s %s: got %v, want %q", test.mechanism, test.client.name, test.client.header, err, test.cause)
		}
	}
}

// A password is not tried from one connection to the next: what was proved on
// one says nothing on another.
func TestRelayedProofIsRefused(t *testing.T) {
	_, _, a, password := newRoll()
	_, victims := connect(t)
	attackers, _ := connect(t)
	for name, data := range victims {
		client := scramClient{name: "customs1.ke", password: password, header: "p=" + name + ",,", binding: data}
		if _, err := try(t, a, "SCRAM-SHA-256-PLUS", attackers, client.login); reason(err) != gsp.BadLogin {
			t.Errorf("%s: got %v, want %s", name, err, gsp.BadLogin)
		}
	}
}

// Who is registered cannot be found out by what the server asks for.
func TestUnknownNamesLookLikeOthers(t *testing.T) {
	r, c, a, _ := newRoll()
	restarted := auth.NewAuthenticator(auth.Options{Domain: "gsp.example", Login: r.lookup, Secret: []byte("kept"), Now: c.now})
	salts := make(map[string]string)
	for _, name := range []string{"customs1.ke", "gone.ke", "new.ke", "nobody", "nobody2", "a b", "nobody@elsewhere.example"} {
		for _, a := range []*auth.Authenticator{a, restarted} {
			for _, spelt := range []string{name, strings.ToUpper(name)} {
				client := scramClient{name: spelt, password: "x"}
				_, err := try(t, a, "SCRAM-SHA-256", peer.Peer{}, client.login)
				if reason(err) != gsp.BadLogin {
					t.Fatalf("%s: got %v", spelt, err)
				}
				if !strings.HasSuffix(client.salt, "==,i=4096") || len(client.salt) != len("W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") {
					t.Errorf("%s: salt and iterations %q", spelt, client.salt)
				}
				if spelt != name && strings.ContainsAny(name, " ") || strings.Contains(name, "elsewhere") {
					continue // no login in any spelling
				}
				if old := salts[name]; old != "" && old != client.salt {
					t.Errorf("%s: salt %q, before %q", spelt, client.salt, old)
				}
				salts[name] = client.salt
			}
		}
	}
	seen := make(map[string]bool)
	for name, salt := range salts {
		if seen[salt] {
			t.Errorf("%s shares its salt", name)
		}
		seen[salt] = true
	}
}

func TestPLAIN(t *testing.T) {
	_, _, a, password := newRoll()
	for message, cause := range map[string]string{
		"\x00customs1.ke\x00" + password:                        "",
		"customs1.ke@gsp.example\x00Customs1.KE\x00" + password: "",
		"gone.ke\x00customs1.ke\x00" + password:                 "acting for another account",
		"\x00customs1.ke\x00wrong":                              "login or password is wrong",
		"\x00customs1.ke\x00":                                   "login or password is wrong",
		"\x00\x00" + password:                                   "the login cannot be read",
		"customs1.ke\x00" + password:                            "the login cannot be read",
		"\x00customs1.ke\x00" + password + "\x00":               "the login cannot be read",
		"": "the login cannot be read",
	} {
		account, err := try(t, a, "PLAIN", peer.Peer{}, func(s sasl.Server) error {
			if challenge, done, err := s.Next(nil); err != nil || done || len(challenge) != 0 {
				t.Fatalf("the server speaks first: %q, %v, %v", challenge, done, err)
			}
			_, done, err := s.Next([]byte(message))
			if !done {
				t.Errorf("%q: the exchange goes on", message)
			}
			return err
		})
		if cause == "" && (err != nil || account.ID != 1) || cause != "" && (reason(err) != gsp.BadLogin || !strings.Contains(err.Error(), cause)) {
			t.Errorf("%q: got %d, %v, want %q", message, account.ID, err, cause)
		}
	}
}

func TestEXTERNAL(t *testing.T) {
	r, c, a, password := newRoll()
	own := newCertificate(t)
	p, _ := connect(t, own)
	nobody, _ := connect(t)
	stranger, _ := connect(t, newCertificate(t))
	if _, ok := a.Exchange("EXTERNAL", p, nil); ok {
		t.Error("offered before the certificate is pinned")
	}
	pin, ok := p.Pin()
	if !ok {
		t.Fatal("no certificate seen")
	}
	credential := auth.NewCredential(1, password, c.t)
	credential.Pins = [][32]byte{pin}
	r.set(gsp.Account{ID: 1, Login: "customs1.ke", Party: "ke", Kind: gsp.System}, credential)

	for identity, want := range map[string]gsp.AccountID{"": 1, "customs1.ke": 1, "Customs1.ke@gsp.example": 1, "gone.ke": 0, "x\x00": 0} {
		account, err := try(t, a, "EXTERNAL", p, func(s sasl.Server) error {
			_, _, err := s.Next([]byte(identity))
			return err
		})
		if account.ID != want || want == 0 && reason(err) != gsp.BadLogin {
			t.Errorf("as %q: got %d, %v, want %d", identity, account.ID, err, want)
		}
	}
	for name, p := range map[string]peer.Peer{"nobody": nobody, "a stranger": stranger, "no TLS": {}} {
		if _, ok := a.Exchange("EXTERNAL", p, nil); ok {
			t.Errorf("offered to %s", name)
		}
	}
	s, _ := a.Exchange("EXTERNAL", p, func(gsp.Account) { t.Error("logged in, though disabled") })
	r.set(gsp.Account{ID: 1, Login: "customs1.ke", Disabled: c.t}, credential)
	if _, _, err := s.Next([]byte{}); reason(err) != gsp.BadLogin {
		t.Errorf("disabled since: got %v, want %s", err, gsp.BadLogin)
	}
}

func TestMechanisms(t *testing.T) {
	_, _, a, _ := newRoll()
	p, _ := connect(t)
	for _, test := range []struct {
		peer peer.Peer
		want []string
	}{
		{p, []string{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"}},
		{peer.Peer{}, []string{"SCRAM-SHA-256", "PLAIN"}},
	} {
		if got := a.Mechanisms(test.peer); !slices.Equal(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	for _, mechanism := range []string{"", "CRAM-MD5", "scram-sha-256", "SCRAM-SHA-1", "ANONYMOUS"} {
		if s, ok := a.Exchange(mechanism, p, nil); ok || s != nil {
			t.Errorf("%q is offered", mechanism)
		}
	}
}

// Wrong proofs make wait as wrong passwords do, and the right one does not wait.
func TestSCRAMFailuresMakeWait(t *testing.T) {
	_, _, a, password := newRoll()
	right := scramClient{name: "customs1.ke", password: password}
	wrong := scramClient{name: "customs1.ke", password: "wrong"}
	for range 2 {
		for range 5 {
			if _, err := try(t, a, "SCRAM-SHA-256", peer.Peer{}, wrong.login); reason(err) != gsp.BadLogin {
				t.Fatalf("got %v, want %s", err, gsp.BadLogin)
			}
		}
		if _, err := try(t, a, "SCRAM-SHA-256", peer.Peer{}, wrong.login); reason(err) != gsp.TooBusy {
			t.Errorf("wrong, during the wait: got %v, want %s", err, gsp.TooBusy)
		}
		if _, err := a.Authenticate(t.Context(), peer.Peer{}, "customs1.ke", "wrong"); reason(err) != gsp.TooBusy {
			t.Errorf("wrong by PLAIN, during the wait: got %v, want %s", err, gsp.TooBusy)
		}
		if _, err := try(t, a, "SCRAM-SHA-256", peer.Peer{}, right.login); err != nil { // and forgives
			t.Errorf("right, during the wait: %v", err)
		}
	}
}

func TestMessagesAfterTheEnd(t *testing.T) {
	_, _, a, password := newRoll()
	for name, last := range map[string][]byte{"text in place of the last, empty message": []byte("x")} {
		s, _ := a.Exchange("SCRAM-SHA-256", peer.Peer{}, func(gsp.Account) { t.Errorf("%s: logged in", name) })
		client := scramClient{name: "customs1.ke", password: password}
		err := client.login(replaceLast{s, last})
		if reason(err) != gsp.BadLogin {
			t.Errorf("%s: got %v, want %s", name, err, gsp.BadLogin)
		}
		if _, done, err := s.Next([]byte{}); !done || reason(err) != gsp.BadLogin {
			t.Errorf("%s: after the end: got %v, %v", name, done, err)
		}
	}
}

// replaceLast sends another text in place of the empty message that ends an
// exchange.
type replaceLast struct {
	sasl.Server
	text []byte
}

func (r replaceLast) Next(response []byte) ([]byte, bool, error) {
	if response != nil && bytes.Equal(response, []byte{}) {
		response = r.text
	}
	return r.Server.Next(response)
}
