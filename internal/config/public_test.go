package config_test

import (
	"errors"
	"testing"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
)

func TestServers(t *testing.T) {
	tests := []struct {
		name, text string
		want       gsp.Servers
	}{
		{"as nobody configured it: this machine only", "", gsp.Servers{
			Submission: gsp.Server{Host: "localhost", Port: 8465},
			Reading:    gsp.Server{Host: "localhost", Port: 8993},
			Directory:  gsp.Server{Host: "localhost", Port: 8443},
		}},
		{"the usual ports", `
domain = "gsp.int"
[smtp]
listen = ":465"
starttls_listen = "192.0.2.1:587"
[imap]
listen = "[::]:993"
[https]
listen = "[2001:db8::1]:443"
`, gsp.Servers{
			Submission: gsp.Server{Host: "mail.gsp.int", Port: 465},
			STARTTLS:   gsp.Server{Host: "mail.gsp.int", Port: 587},
			Reading:    gsp.Server{Host: "mail.gsp.int", Port: 993},
			Directory:  gsp.Server{Host: "gsp.int", Port: 443},
		}},
		{"behind a port forward, which may end on this machine", `
[smtp]
listen = "127.0.0.1:8465"
[imap]
listen = "[::1]:8993"
[public]
smtp = "smtp.gsp.int:465"
imap = "imap.gsp.int:993"
https = "keys.gsp.int"
`, gsp.Servers{
			Submission: gsp.Server{Host: "smtp.gsp.int", Port: 465},
			Reading:    gsp.Server{Host: "imap.gsp.int", Port: 993},
			Directory:  gsp.Server{Host: "keys.gsp.int", Port: 443}, // where clients look for keys
		}},
		{"a container, whose ports are translated", `
domain = "gsp.int"
[smtp]
listen = ":8465"
[imap]
listen = "127.0.0.1:8993"
[https]
listen = ":8443"
[public]
smtp = ":465"
imap = ":993"
https = ":443"
`, gsp.Servers{
			Submission: gsp.Server{Host: "mail.gsp.int", Port: 465},
			Reading:    gsp.Server{Host: "mail.gsp.int", Port: 993},
			Directory:  gsp.Server{Host: "gsp.int", Port: 443},
		}},
	}
	for _, test := range tests {
		c, err := config.Parse("gsp.toml", []byte(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := c.Servers(); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestHelpFollowsThePublicName(t *testing.T) {
	for public, want := range map[string]string{
		"":                  "https://localhost:8443/help/", // this machine only, until it is configured
		":443":              "https://gsp.example/help/",
		"keys.gsp.int:443":  "https://keys.gsp.int/help/",
		"keys.gsp.int:8443": "https://keys.gsp.int:8443/help/",
		"keys.gsp.int":      "https://keys.gsp.int/help/",
	} {
		c := config.Default()
		c.Public.HTTPS = public
		if got := c.HelpBase(); got != want {
			t.Errorf("%q: got %s, want %s", public, got, want)
		}
	}
}

func TestBadPublicNames(t *testing.T) {
	const second = "[smtp]\nstarttls_listen = \":587\"\n[public]\n"
	for _, text := range []string{
		"[public]\nsmtp = \":\"", "[public]\nsmtp = \":x\"", "[public]\nsmtp = \"mail.gsp.int:\"", "[public]\nsmtp = \"mail.gsp.int:0\"",
		"[public]\nimap = \"mail.gsp.int:imaps\"", "[public]\nimap = \"Mail.gsp.int\"", "[public]\nimap = \"192.0.2.1:993\"",
		"[public]\nimap = \"[2001:db8::1]:993\"", "[public]\nimap = \"2001:db8::1\"", "[public]\nhttps = \"https://gsp.int\"",
		"[public]\nhttps = \"gsp.int/\"", "[public]\nhttps = \"a b\"", "[public]\nhttps = \"<a>\"", "[public]\nhttps = \"gsp.int:70000\"",
		"[public]\nstarttls = \"mail.gsp.int\"", second + "starttls = \"mail gsp\"",
	} {
		_, err := config.Parse("gsp.toml", []byte(text))
		if r, ok := errors.AsType[*gsp.Refusal](err); !ok || r.Reason != gsp.BrokenConfig {
			t.Errorf("%q: got %v, want %s", text, err, gsp.BrokenConfig)
		}
	}
	if _, err := config.Parse("gsp.toml", []byte(second+"starttls = \"mail.gsp.int:587\"")); err != nil {
		t.Errorf("a second door: got %v, want none", err)
	}
}
