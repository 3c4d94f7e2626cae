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
	"strings"
	"syscall"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

// playTime is how long the play may take, and stopTime how long the gateway
// may take to end.
const (
	playTime = 30 * time.Second
	stopTime = 9 * time.Second
)

// Options say how to run. Out, Log and Program are required.
type Options struct {
	Once              bool   // end after the play
	Folder            string // keep everything here; "" for a temporary folder that goes at the end
	Domain            string
	SMTP, IMAP, HTTPS string // where to listen; a free port is taken where one cannot be had
	Program           string // how the command line is called, for commands to copy
	Out               io.Writer
	Log               *slog.Logger
}

// Run makes the world, plays, and unless Once stays up until ctx ends. It
// returns an error if a step did not do what it says, took too long, or could
// not be told, and the cause of ctx if that ended before the play did.
func Run(ctx context.Context, o Options) (err error) {
	c, err := configure(o)
	if err != nil {
		return err
	}
	folder, err := makeFolder(o.Folder)
	if err != nil {
		return err
	}
	out := &page{w: o.Out}
	defer func() { err = errors.Join(err, leave(out, folder, o.Folder != "")) }()
	w, err := newWorld(ctx, o, c, folder, out)
	if ctx.Err() != nil && err != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.end(ctx)) }()
	if err := w.playInTime(ctx); err != nil {
		return err
	}
	if !o.Once {
		w.invite()
	}
	if out.err != nil {
		return fmt.Errorf("tell what happened: %w", out.err)
	}
	if o.Once {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-w.gateway.Failed():
		return err
	}
}

// optionNames are what keys of the configuration are called on the command
// line.
var optionNames = strings.NewReplacer(
	"key domain", "--domain", "key smtp.listen", "--smtp", "key imap.listen", "--imap", "key https.listen", "--https",
)

// configure returns the gateway's configuration but for its folder. An option
// that cannot be is told by its own name.
func configure(o Options) (config.Config, error) {
	c := config.Default()
	c.Domain, c.SMTP.Listen, c.IMAP.Listen, c.HTTPS.Listen = o.Domain, o.SMTP, o.IMAP, o.HTTPS
	err := c.Check()
	if refusal, ok := errors.AsType[*gsp.Refusal](err); ok {
		told := *refusal
		told.Cause = optionNames.Replace(refusal.Cause)
		err = &told
	}
	return c, err
}

// makeFolder makes the demonstration's folder. One that is wanted may be
// there, and must then be empty.
func makeFolder(wanted string) (folder string, err error) {
	if wanted == "" {
		folder, err = os.MkdirTemp("", "gsp-demo-")
		if err != nil {
			return "", fmt.Errorf("make a folder for the demonstration: %w", err)
		}
		return folder, nil
	}
	if err := os.MkdirAll(wanted, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for the demonstration: %w", err)
	}
	entries, err := os.ReadDir(wanted)
	if err != nil {
		return "", fmt.Errorf("read the folder of the demonstration: %w", err)
	}
	if len(entries) > 0 {
		return "", &gsp.Refusal{
			Reason: gsp.DataInUse,
			Cause:  fmt.Sprintf("the folder %s is not empty", wanted),
			Remedy: "name another folder, or leave --data out",
		}
	}
	return wanted, nil
}

// leave removes the folder, or keeps it, and says so.
func leave(out *page, folder string, keep bool) error {
	if keep {
		out.tell("", "kept %s", folder)
		return nil
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove the folder of the demonstration: %w", err)
	}
	out.tell("", "removed %s", folder)
	return nil
}

// world is the gateway of the demonstration and the people around it.
type world struct {
	Options
	*page
	folder  string
	config  string // path of the configuration file
	gateway *node.Gateway
	data    string // the gateway's data folder
	help    string // address of the help pages
	ca      *x509.CertPool
	mark    string // the mask of a code of the Party suggested
	people
	began time.Time
	step  int
	last  string // what the last step told was about
}

// newWorld starts the gateway.
func newWorld(ctx context.Context, o Options, c config.Config, folder string, out *page) (_ *world, err error) {
	w := &world{Options: o, page: out, folder: folder, config: filepath.Join(folder, "gsp.toml"), began: time.Now()}
	c.Data = filepath.Join(folder, "data")
	for _, listen := range []*string{&c.SMTP.Listen, &c.IMAP.Listen, &c.HTTPS.Listen} {
		if *listen, err = w.free(*listen); err != nil {
			return nil, err
		}
	}
	c.Help = "https://" + onThisMachine(c.HTTPS.Listen) + "/help/"
	if err := writeConfig(w.config, c); err != nil {
		return nil, err
	}
	if c, err = config.Load(w.config); err != nil {
		return nil, err
	}
	w.data, w.help = c.Data, c.Help
	if w.gateway, err = node.Start(ctx, c, o.Log); err != nil {
		return nil, err
	}
	return w, nil
}

// playInTime settles the people in and plays, within playTime.
func (w *world) playInTime(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, playTime, fmt.Errorf("the play was not over after %s", playTime))
	defer cancel()
	err := w.settle(ctx)
	if err == nil {
		err = w.play(ctx)
	}
	if err == nil {
		w.write("\n")
		w.tell("", "All of it took %.1f s, the keys of %d owners included.", time.Since(w.began).Seconds(), len(w.keys))
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx) // what broke off is its effect only
	}
	if w.step > 0 {
		return fmt.Errorf("after step %d, %s: %w", w.step, w.last, err)
	}
	return err
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

// free returns the address, or one with a free port where it cannot be had,
// and says so. It is free when asked for; another program could still take it.
func (w *world) free(at string) (string, error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		host, _, _ := net.SplitHostPort(at) // configure has looked at it
		other, errOther := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if errOther != nil {
			return "", fmt.Errorf("open a door: %w", err)
		}
		l = other
		why := "cannot be had"
		if errors.Is(err, syscall.EADDRINUSE) {
			why = "is in use"
		}
		w.tell("    ", "%s %s: the gateway listens on %s instead.", at, why, l.Addr())
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// onThisMachine returns where a program on this machine reaches a listener.
func onThisMachine(listener string) string {
	host, port, _ := net.SplitHostPort(listener) // a listener's own address can always be split
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
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
