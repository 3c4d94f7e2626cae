// Package demo runs a gateway of its own and plays one exchange on it, through
// its public doors and with ordinary clients of the protocols.
//
// It stands on the officers' side as well, so it holds private keys; nothing
// of the gateway imports it.
package demo

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

// stopTime is how long the gateway may take to end.
const stopTime = 9 * time.Second

// Options say how to run. Out and Log are required.
type Options struct {
	Once              bool   // end after the play
	Folder            string // keep everything here; "" for a temporary folder that goes at the end
	Domain            string
	SMTP, IMAP, HTTPS string // where to listen; a free port is taken where one is in use
	Out               io.Writer
	Log               *slog.Logger
}

// Run makes the world, plays, and unless Once stays up until ctx ends. It
// returns an error if a step did not do what it says.
func Run(ctx context.Context, o Options) (err error) {
	started := time.Now()
	folder, clean, err := makeFolder(o.Folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clean()) }()
	w, err := newWorld(ctx, o, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.end(ctx)) }()
	if err := w.play(ctx); err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "\nAll of it took %.1f s, the keys of %d owners included.\n", time.Since(started).Seconds(), len(w.keys))
	if o.Once {
		return nil
	}
	w.invite()
	select {
	case <-ctx.Done():
		return nil
	case err := <-w.gateway.Failed():
		return err
	}
}

// makeFolder returns the demonstration's folder and what removes it.
func makeFolder(wanted string) (folder string, clean func() error, err error) {
	if wanted == "" {
		folder, err = os.MkdirTemp("", "gsp-demo-")
		if err != nil {
			return "", nil, fmt.Errorf("make a folder for the demonstration: %w", err)
		}
		return folder, func() error { return os.RemoveAll(folder) }, nil
	}
	if err := os.MkdirAll(wanted, 0o700); err != nil {
		return "", nil, fmt.Errorf("make a folder for the demonstration: %w", err)
	}
	entries, err := os.ReadDir(wanted)
	if err != nil {
		return "", nil, fmt.Errorf("read the folder of the demonstration: %w", err)
	}
	if len(entries) > 0 {
		return "", nil, &gsp.Refusal{
			Reason: gsp.DataInUse,
			Cause:  fmt.Sprintf("the folder %s is not empty", wanted),
			Remedy: "name another folder, or leave --data out",
		}
	}
	return wanted, func() error { return nil }, nil
}

// world is the gateway of the demonstration and the people around it.
type world struct {
	Options
	folder  string
	config  string // path of the configuration file
	gateway *node.Gateway
	data    string // the gateway's data folder
	ca      *x509.CertPool
	people
	step int
}

// newWorld starts the gateway and settles the people in.
func newWorld(ctx context.Context, o Options, folder string) (_ *world, err error) {
	w := &world{Options: o, folder: folder, config: filepath.Join(folder, "gsp.toml")}
	c := config.Default()
	c.Domain, c.Data = o.Domain, filepath.Join(folder, "data")
	for _, door := range []struct {
		door *config.Door
		at   string
	}{{&c.SMTP, o.SMTP}, {&c.IMAP, o.IMAP}, {&c.HTTPS, o.HTTPS}} {
		if door.door.Listen, err = free(door.at); err != nil {
			return nil, err
		}
	}
	if err := writeConfig(w.config, c); err != nil {
		return nil, err
	}
	if c, err = config.Load(w.config); err != nil {
		return nil, err
	}
	w.data = c.Data
	if w.gateway, err = node.Start(ctx, c, o.Log); err != nil {
		return nil, err
	}
	if err := w.settle(ctx); err != nil {
		return nil, errors.Join(err, w.end(ctx))
	}
	return w, nil
}

// settle reads the gateway's certificate authority and registers everybody.
func (w *world) settle(ctx context.Context) error {
	pem, err := os.ReadFile(w.gateway.CA)
	if err != nil {
		return fmt.Errorf("read the certificate authority: %w", err)
	}
	w.ca = x509.NewCertPool()
	if !w.ca.AppendCertsFromPEM(pem) {
		return fmt.Errorf("read the certificate authority: no certificate in %s", w.gateway.CA)
	}
	return w.register(ctx)
}

// end stops the gateway, also when ctx has ended.
func (w *world) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return w.gateway.Shutdown(ctx)
}

// free returns the address, or one with a free port where it is in use. The
// port is free when asked for; another program could still take it.
func free(at string) (string, error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		host, _, splitErr := net.SplitHostPort(at)
		if splitErr != nil {
			return "", &gsp.Refusal{
				Reason: gsp.BrokenConfig,
				Cause:  fmt.Sprintf("%q is not an address to listen on", at),
				Remedy: "write it as 127.0.0.1:8465",
				Err:    splitErr,
			}
		}
		if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return "", fmt.Errorf("look for a free port: %w", err)
		}
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func writeConfig(path string, c config.Config) error {
	var text bytes.Buffer
	if err := config.Describe(&text, c); err != nil {
		return err
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}
