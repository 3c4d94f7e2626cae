package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
)

// Health asks the gateway that runs on the data folder, and then its HTTPS
// door, whether they answer. It trusts any certificate: the question goes to
// this machine, and no answer of substance comes back. The error is a
// *gsp.Refusal where no gateway runs.
func Health(ctx context.Context, c config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := Answers(ctx, c); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(c.HTTPS.Listen)
	if err != nil {
		return fmt.Errorf("read the address of the HTTPS door: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, ServerName: c.Domain},
	}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<10)) // so that the connection ends cleanly
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for health: the gateway answers %s", resp.Status)
	}
	return nil
}

// Answers asks the gateway that runs on the data folder whether it carries out
// commands. The error is a *gsp.Refusal where none runs.
func Answers(ctx context.Context, c config.Config) error {
	_, err := control.Do(ctx, c.Data, admin.Ping, admin.None{})
	if errors.Is(err, control.ErrNotRunning) {
		return NotRunning(c)
	}
	return err
}

// NotRunning refuses what needs a gateway that runs.
func NotRunning(c config.Config) error {
	return &gsp.Refusal{
		Reason: gsp.NotRunning,
		Cause:  fmt.Sprintf("no gateway runs on %s", c.Data),
		Remedy: "start it with: gsp serve",
	}
}

// Check says what Start would say of the files that the configuration names,
// and changes nothing. The notes are of what would keep mail clients away.
func Check(c config.Config) (notes []string, err error) {
	certificate, err := Configured(c)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(c.Data)
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(c.Data))
	}
	if err != nil || !info.IsDir() {
		return nil, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("there can be no data folder %s", c.Data),
			Remedy: "make the folder above it, or name another in the configuration",
			Err:    err,
		}
	}
	return doorNotes(c.Servers(), certificate, time.Now()), checkDomain(c)
}
