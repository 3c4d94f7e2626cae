package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"gsp.example/gsp/internal/config"
)

// Health asks the HTTPS door of the configured gateway whether it answers. It
// trusts any certificate: the question goes to this machine, and no answer of
// substance comes back.
func Health(ctx context.Context, c config.Config) error {
	host, port, err := net.SplitHostPort(c.HTTPS.Listen)
	if err != nil {
		return fmt.Errorf("read the address of the HTTPS door: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
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
