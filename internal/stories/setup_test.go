package stories_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gsp.example/gsp/internal/client"
)

// setUp does what an officer's mail program does with a letter: it takes the
// address and the password, asks the domain how to set itself up, and logs in
// at both doors as it is told.
func (w *world) setUp(ctx context.Context, args []string) (string, error) {
	sheet, err := os.ReadFile(filepath.Join(w.folder, args[0]))
	if err != nil {
		return "", err
	}
	text := regexp.MustCompile(`(?s)<style>.*</style>|</?b>`).ReplaceAllString(string(sheet), "")
	text = html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, " "))
	address := regexp.MustCompile(`[a-z0-9.-]+@gsp\.example`).FindString(text)
	password := regexp.MustCompile(`[a-z2-7]{5}(-[a-z2-7]{5}){3}-[a-z2-7]{6}`).FindString(text)

	found, err := w.autoconfig(ctx, address)
	if err != nil {
		return "", err
	}
	in, out := found.Incoming, found.Outgoing
	for _, s := range []*foundServer{&in, &out} {
		if s.SocketType != "SSL" || s.Authentication != "password-cleartext" {
			return "", fmt.Errorf("got %+v, want TLS and a normal password", s)
		}
		s.Username = strings.ReplaceAll(s.Username, "%EMAILADDRESS%", address)
		if at := net.JoinHostPort(s.Hostname, s.Port); !strings.Contains(text, s.Hostname) || !strings.Contains(text, s.Port) {
			return "", fmt.Errorf("the letter does not name %s", at)
		}
	}
	box, err := client.OpenMailbox(ctx, client.Login{
		Server: net.JoinHostPort(in.Hostname, in.Port), User: in.Username, Password: password,
		TLS: &tls.Config{RootCAs: w.roots, ServerName: in.Hostname},
	}, "INBOX")
	if err != nil {
		return "", err
	}
	box.Close()
	if err := w.loginToSubmit(ctx, out, password); err != nil {
		return "", err
	}
	return address + " logged in at both doors", nil
}

// foundConfig is what a mail program reads of its set-up.
type foundConfig struct {
	Incoming foundServer `xml:"emailProvider>incomingServer"`
	Outgoing foundServer `xml:"emailProvider>outgoingServer"`
}

type foundServer struct {
	Hostname       string `xml:"hostname"`
	Port           string `xml:"port"`
	SocketType     string `xml:"socketType"`
	Authentication string `xml:"authentication"`
	Username       string `xml:"username"`
}

// autoconfig asks for the set-up at the name that mail programs make from the
// domain, which leads to the gateway's own door here.
func (w *world) autoconfig(ctx context.Context, address string) (foundConfig, error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: w.roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, w.gateway.HTTPS.String())
		},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"https://autoconfig."+domain+"/mail/config-v1.1.xml?emailaddress="+strings.ReplaceAll(address, "@", "%40"), nil)
	if err != nil {
		return foundConfig{}, err
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return foundConfig{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return foundConfig{}, err
	}
	var found foundConfig
	if err := xml.Unmarshal(body, &found); err != nil || resp.StatusCode != http.StatusOK {
		return foundConfig{}, fmt.Errorf("got %s, %w, from %s", resp.Status, err, body)
	}
	return found, nil
}

// loginToSubmit logs in at the door for submission, and no more.
func (w *world) loginToSubmit(ctx context.Context, s foundServer, password string) error {
	d := tls.Dialer{Config: &tls.Config{RootCAs: w.roots, ServerName: s.Hostname}}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(s.Hostname, s.Port))
	if err != nil {
		return err
	}
	defer conn.Close()
	text := textproto.NewReader(bufio.NewReader(conn))
	login := base64.StdEncoding.EncodeToString([]byte("\x00" + s.Username + "\x00" + password))
	for _, step := range []struct {
		command string
		code    int
	}{
		{"", 220}, {"EHLO laptop.example\r\n", 250}, {"AUTH PLAIN " + login + "\r\n", 235}, {"QUIT\r\n", 221},
	} {
		if _, err := io.WriteString(conn, step.command); err != nil {
			return err
		}
		if _, _, err := text.ReadResponse(step.code); err != nil {
			return err
		}
	}
	return nil
}
