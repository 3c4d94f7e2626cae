package auth

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// The whole exchange of RFC 7677, section 3.
func TestExchangeOfRFC7677(t *testing.T) {
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	c := gsp.Credential{Salt: salt, Iterations: 4096}
	c.StoredKey, c.ServerKey = scramKeys("pencil", salt, 4096)
	s := scram{find: func(string) gsp.Credential { return c }}
	got, err := s.first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
	if err != nil || s.name != "user" || !strings.HasPrefix(got, "r=rOprNGfwEbeRWgbNEkqO") || !strings.HasSuffix(got, ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") {
		t.Fatalf("first: got %q, %v", got, err)
	}
	s.nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" // the RFC's
	s.challenge = "r=" + s.nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	const without = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	const proof = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	got, err = s.final(without + proof)
	if want := "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="; err != nil || got != want {
		t.Errorf("final: got %q, %v, want %q", got, err, want)
	}
	for _, test := range []struct {
		message string
		want    error
	}{
		{without + ",p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", errProof},
		{without + ",x=1" + proof, errProof}, // extensions are part of what is proved
		{strings.Replace(without, "biws", "eSws", 1) + proof, errBinding},
		{strings.Replace(without, "r=r", "r=s", 1) + proof, errMalformed},
		{without, errMalformed},
		{without + ",p=", errMalformed},
		{without + ",p=dHzb", errMalformed},
		{without + proof + ",x=1", errMalformed},
		{strings.TrimPrefix(without, "c=biws,") + proof, errMalformed},
		{"", errMalformed},
	} {
		if got, err := s.final(test.message); err != test.want {
			t.Errorf("%q: got %q, %v, want %v", test.message, got, err, test.want)
		}
	}
}

func TestFirstMessages(t *testing.T) {
	for _, test := range []struct {
		message        string
		plus, offered  bool
		name, identity string
		want           error
	}{
		{message: "n,,n=a,r=x", name: "a"},
		{message: "y,,n=a,r=x", name: "a"},
		{message: "n,a=b,n=a,r=x,ext=1", name: "a", identity: "b"},
		{message: "n,,n=a=2Cb=3Dc,r=x", name: "a,b=c"},
		{message: "n,,n=a,r=x", offered: true, name: "a"},
		{message: "y,,n=a,r=x", offered: true, want: errDowngrade},
		{message: "y,,n=a,r=x", offered: true, plus: true, want: errDowngrade},
		{message: "n,,n=a,r=x", offered: true, plus: true, want: errBinding},
		{message: "p=tls-exporter,,n=a,r=x", offered: true, want: errBinding},
		{message: "p=tls-unique,,n=a,r=x", offered: true, plus: true, want: errBinding},
		{message: "p=tls-exporter,,n=a,r=x", offered: true, plus: true, want: errBinding}, // nobody has none
		{message: "n,,m=1,n=a,r=x", want: errMalformed},
		{message: "n,,n=,r=x", want: errMalformed},
		{message: "n,,n=a=2c,r=x", want: errMalformed},
		{message: "n,,n=a=,r=x", want: errMalformed},
		{message: "n,,n=a,r=", want: errMalformed},
		{message: "n,,n=a,r=x y", want: errMalformed},
		{message: "n,,n=a,r=\xff", want: errMalformed},
		{message: "n,,n=a", want: errMalformed},
		{message: "n,b,n=a,r=x", want: errMalformed},
		{message: "n,a=,n=a,r=x", want: errMalformed},
		{message: "x,,n=a,r=x", want: errMalformed},
		{message: ",,n=a,r=x", want: errMalformed},
		{message: "n,", want: errMalformed},
		{message: "", want: errMalformed},
	} {
		s := scram{plus: test.plus, offered: test.offered, find: func(string) gsp.Credential { return gsp.Credential{} }}
		_, err := s.first(test.message)
		if err != test.want || err == nil && (s.name != test.name || s.identity != test.identity) {
			t.Errorf("%q, plus %v, offered %v: got %q as %q, %v, want %q as %q, %v",
				test.message, test.plus, test.offered, s.name, s.identity, err, test.name, test.identity, test.want)
		}
	}
}

// The decoder of the standard library skips line ends, and one proof would have
// several forms.
func TestBase64HasNoLineEnds(t *testing.T) {
	for _, value := range []string{"bi\nws", "bi\rws", "biws\r\n"} {
		if data, ok := decode("c="+value, "c="); ok {
			t.Errorf("%q: got %q, want an error", value, data)
		}
	}
}

// FuzzSCRAM gives the server any two messages. It must not panic, and must not
// be convinced.
func FuzzSCRAM(f *testing.F) {
	f.Add("n,,n=user,r=abc", "c=biws,r=abc,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", false, true)
	f.Add("p=tls-exporter,a=x,n=u=2C,r=abc,e=1", "c=,r=,x=,p=", true, true)
	f.Add("y,,n=user,r=abc", ",p=", false, false)
	c := NewCredential(1, "a password", gsp.Credential{}.Issued)
	f.Fuzz(func(t *testing.T, first, final string, plus, offered bool) {
		s := scram{plus: plus, offered: offered, find: func(string) gsp.Credential { return c }}
		challenge, err := s.first(first)
		if err != nil {
			if !errors.Is(err, errMalformed) && !errors.Is(err, errBinding) && !errors.Is(err, errDowngrade) {
				t.Errorf("%q: %v", first, err)
			}
			return
		}
		if strings.ContainsAny(challenge, "\r\n\x00") {
			t.Errorf("%q: challenge %q", first, challenge)
		}
		if got, err := s.final(strings.ReplaceAll(final, "r=", "r="+s.nonce)); err == nil {
			t.Errorf("%q, %q: got %q, want an error", first, final, got)
		}
	})
}
