package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/cli"
	"gsp.example/gsp/internal/localca"
)

const listening = `domain = "gsp.int"
[smtp]
listen = ":465"
[imap]
listen = ":993"
[https]
listen = ":443"
`

// dns runs gsp dns on a configuration.
func dns(t *testing.T, config string, args ...string) (code int, out, errs string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gsp.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	code = cli.Run(t.Context(), append([]string{"--config", path, "dns"}, args...), cli.Streams{Out: &o, Err: &e})
	return code, o.String(), e.String()
}

// lines returns the records that are in force, with single spaces.
func lines(t *testing.T, out string) []string {
	t.Helper()
	record := regexp.MustCompile(`^([a-z0-9_.-]+\.)\s+3600\s+IN\s+(A|AAAA|CNAME|SRV|MX|TXT|CAA|TLSA)\s+(\S.*)$`)
	var all []string
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, ";") {
			continue
		}
		m := record.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("got %q, want a line of a zone file", line)
			continue
		}
		all = append(all, strings.Join(m[1:], " "))
	}
	return all
}

func TestZone(t *testing.T) {
	code, out, errs := dns(t, listening, "--address", "192.0.2.7", "--address", "2001:db8::7")
	if code != cli.Done {
		t.Fatal(errs)
	}
	got := strings.Join(lines(t, out), "\n")
	want := `gsp.int. A 192.0.2.7
gsp.int. AAAA 2001:db8::7
mail.gsp.int. A 192.0.2.7
mail.gsp.int. AAAA 2001:db8::7
openpgpkey.gsp.int. CNAME gsp.int.
autoconfig.gsp.int. CNAME gsp.int.
autodiscover.gsp.int. CNAME gsp.int.
_submissions._tcp.gsp.int. SRV 0 1 465 mail.gsp.int.
_submission._tcp.gsp.int. SRV 0 0 0 .
_imaps._tcp.gsp.int. SRV 0 1 993 mail.gsp.int.
_imap._tcp.gsp.int. SRV 0 0 0 .
_pop3s._tcp.gsp.int. SRV 0 0 0 .
_pop3._tcp.gsp.int. SRV 0 0 0 .
_autodiscover._tcp.gsp.int. SRV 0 1 443 gsp.int.`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, optional := range []string{`MX\s+0 \.`, `"v=spf1 -all"`, `"v=DMARC1; p=reject"`, `CAA\s+0 issue ";"`} {
		if !regexp.MustCompile(`(?m)^; .*` + optional).MatchString(out) {
			t.Errorf("got\n%s\nwant %s behind a semicolon", out, optional)
		}
	}
	if strings.Contains(out, "TLSA") || strings.Contains(out, "BEWARE") {
		t.Errorf("got\n%s\nwant no TLSA for a key that changes by itself, and no warning", out)
	}
}

// Each alias needs the names that clients make from it.
func TestZoneOfAnAlias(t *testing.T) {
	code, out, errs := dns(t, "aliases = [\"old.example\"]\n"+listening, "--address", "192.0.2.7")
	if code != cli.Done {
		t.Fatal(errs)
	}
	got := strings.Join(lines(t, out), "\n")
	want := `
openpgpkey.old.example. CNAME gsp.int.
autoconfig.old.example. CNAME gsp.int.
autodiscover.old.example. CNAME gsp.int.
_submissions._tcp.old.example. SRV 0 1 465 mail.gsp.int.
_submission._tcp.old.example. SRV 0 0 0 .
_imaps._tcp.old.example. SRV 0 1 993 mail.gsp.int.
_autodiscover._tcp.old.example. SRV 0 1 443 gsp.int.`
	if !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at its end%s", got, want)
	}
}

// Names and ports are those that the world uses, and only the domain's own
// names have addresses in its zone.
func TestZoneFollowsThePublicNames(t *testing.T) {
	_, out, _ := dns(t, `domain = "gsp.int"
[smtp]
starttls_listen = "127.0.0.1:8587"
[public]
smtp = "mx.host.example:465"
starttls = "smtp.gsp.int:587"
imap = "imap.gsp.int:993"
https = "keys.gsp.int:443"
`, "--address", "192.0.2.7")
	got := strings.Join(lines(t, out), "\n")
	want := `gsp.int. A 192.0.2.7
keys.gsp.int. A 192.0.2.7
smtp.gsp.int. A 192.0.2.7
imap.gsp.int. A 192.0.2.7
openpgpkey.gsp.int. CNAME keys.gsp.int.
autoconfig.gsp.int. CNAME keys.gsp.int.
autodiscover.gsp.int. CNAME keys.gsp.int.
_submissions._tcp.gsp.int. SRV 0 1 465 mx.host.example.
_submission._tcp.gsp.int. SRV 0 1 587 smtp.gsp.int.
_imaps._tcp.gsp.int. SRV 0 1 993 imap.gsp.int.
_imap._tcp.gsp.int. SRV 0 0 0 .
_pop3s._tcp.gsp.int. SRV 0 0 0 .
_pop3._tcp.gsp.int. SRV 0 0 0 .
_autodiscover._tcp.gsp.int. SRV 0 1 443 keys.gsp.int.`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What the certificate lacks is told, and its key can be pinned.
func TestZoneWithACertificate(t *testing.T) {
	issued, err := localca.Ensure(t.TempDir(), []string{"gsp.int", "mail.gsp.int"}, []net.IP{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	config := listening + fmt.Sprintf("[tls]\ncertificate = %q\nkey = %q\n", issued.Certificate, issued.Key)
	code, out, errs := dns(t, config, "--address", "192.0.2.7")
	if code != cli.Done {
		t.Fatal(errs)
	}
	for _, name := range []string{"openpgpkey.gsp.int", "autoconfig.gsp.int", "autodiscover.gsp.int"} {
		if !strings.Contains(out, "; BEWARE: the certificate does not name "+name) {
			t.Errorf("got\n%s\nwant it to miss %s", out, name)
		}
	}
	if strings.Count(out, "BEWARE") != 3 {
		t.Errorf("got\n%s\nwant three warnings", out)
	}
	for _, port := range []string{"465", "993"} {
		if !regexp.MustCompile(`(?m)^; _` + port + `\._tcp\.mail\.gsp\.int\.\s.*\sTLSA\s+3 1 1 [0-9a-f]{64}$`).MatchString(out) {
			t.Errorf("got\n%s\nwant the key pinned at %s", out, port)
		}
	}
	if !regexp.MustCompile(`(?m)^; gsp\.int\.\s.*CAA\s+0 issue "AUTHORITY"$`).MatchString(out) {
		t.Errorf("got\n%s\nwant a CAA record to be completed", out)
	}
}

func TestZoneIsRefused(t *testing.T) {
	tests := []struct {
		name, config string
		args         []string
		want         string
	}{
		{"this machine only", "", nil, "broken-config: key smtp.listen: "},
		{"a port to be chosen", strings.Replace(listening, ":993", ":0", 1), nil, "broken-config: key imap.listen: "},
		{"a second door of this machine", strings.Replace(listening, "[imap]", "starttls_listen = \"127.0.0.1:8587\"\n[imap]", 1), nil,
			"broken-config: key smtp.starttls_listen: "},
		{"no address", listening, []string{"--address", "gsp.int"}, "broken-name: "},
		{"an address of one link", listening, []string{"--address", "fe80::1%eth0"}, "broken-name: "},
	}
	for _, test := range tests {
		code, out, errs := dns(t, test.config, test.args...)
		if code != cli.Refused || out != "" || !strings.Contains(errs, test.want) {
			t.Errorf("%s: got %d %q %q, want %s", test.name, code, out, errs, test.want)
		}
	}
}

func TestZoneWithoutAddressesAndForOtherPorts(t *testing.T) {
	code, out, errs := dns(t, strings.Replace(listening, ":443", ":8443", 1), "--output", "json")
	if code != cli.Done {
		t.Fatal(errs)
	}
	var z struct {
		Warnings []string
		Groups   []struct {
			Optional bool
			Records  []struct{ Name, Type, Value string }
		}
	}
	if err := json.Unmarshal([]byte(out), &z); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(z.Warnings) != 1 || !strings.Contains(z.Warnings[0], "port 443") {
		t.Errorf("got warnings %q, want one of port 443", z.Warnings)
	}
	if len(z.Groups) < 4 || !z.Groups[0].Optional || z.Groups[0].Records[0].Type != "A" {
		t.Errorf("got %+v, want the addresses first, to be filled in", z.Groups)
	}
}
