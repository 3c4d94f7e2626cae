package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

// stopTime is how long a stopping gateway waits for the mails under way.
const stopTime = 9 * time.Second

type serveCommand struct{}

func (serveCommand) Help() string {
	return "On the first start it writes the configuration file, the data folder and a certificate\n" +
		"authority of its own, and says so. SIGTERM ends it within 10 seconds.\n\n" +
		"Example:\n  gsp serve --config /etc/gsp/gsp.toml"
}

func (serveCommand) Run(r *run) error {
	made, err := r.makeConfig()
	if err != nil {
		return err
	}
	c, err := config.Load(r.config)
	if err != nil {
		return err
	}
	log := logger(r.Err, c.Log)
	gateway, err := node.Start(r.ctx, c, log)
	if err != nil {
		return err
	}
	r.welcome(gateway, made)
	tellManager("READY=1")
	go watch(r.ctx, func(ctx context.Context) error { return node.Answers(ctx, c) })
	select {
	case <-r.ctx.Done():
	case err = <-gateway.Failed():
	}
	tellManager("STOPPING=1")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), stopTime)
	defer cancel()
	if err = errors.Join(err, gateway.Shutdown(ctx)); err == nil {
		fmt.Fprintln(r.Out, "stopped")
	}
	return err
}

// makeConfig writes the configuration file where there is none.
func (r *run) makeConfig() (made bool, err error) {
	if _, err := os.Stat(r.config); !errors.Is(err, os.ErrNotExist) {
		return false, nil // there, or a matter for config.Load to tell
	}
	var text bytes.Buffer
	if err := config.Describe(&text, config.Default()); err != nil {
		return false, err
	}
	err = os.MkdirAll(filepath.Dir(r.config), 0o700)
	if err == nil {
		err = os.WriteFile(r.config, text.Bytes(), 0o600)
	}
	if err != nil {
		return false, &gsp.Refusal{
			Reason: gsp.UnwritableFile,
			Cause:  fmt.Sprintf("the configuration %s cannot be written", r.config),
			Remedy: "run this in a folder of your own, or name one with --config",
			Err:    err,
		}
	}
	return true, nil
}

// welcome says what was made, where the doors are, and what to do next.
func (r *run) welcome(g *node.Gateway, madeConfig bool) {
	w := r.Out
	if madeConfig {
		fmt.Fprintf(w, "made   %s, the configuration; every line is explained in it\n", r.config)
	}
	for _, m := range g.Made {
		fmt.Fprintf(w, "made   %s, %s\n", m.Path, m.What)
	}
	door := func(what string, at net.Addr, called gsp.Server) {
		if at == nil {
			return
		}
		fmt.Fprintf(w, "serve  %-29s %s", what, at)
		if called.Host != "localhost" {
			fmt.Fprintf(w, ", called %s", called)
		}
		fmt.Fprintln(w)
	}
	door("submission (SMTP over TLS)", g.SMTP, g.Called.Submission)
	door("submission (STARTTLS)", g.STARTTLS, g.Called.STARTTLS)
	door("reading (IMAP over TLS)", g.IMAP, g.Called.Reading)
	door("keys and help (HTTPS)", g.HTTPS, g.Called.Directory)
	for _, note := range g.Notes {
		r.layout(w).text("BEWARE "+note, 7)
	}
	if madeConfig {
		fmt.Fprint(w, `
Next, in another terminal and in this folder:
  1. unless this is a trial: stop the gateway, set domain in the configuration,
     delete the data folder, whose keys name the old domain, and start again
  2. gsp library import FILE     put the pattern library in force
  3. gsp party add ke Kenya      register a Party
  4. gsp account add customs1.ke --party ke
  5. gsp key import ke FILE      publish the key of the Party; so for each officer
`)
	}
	fmt.Fprintln(w, "ready")
}
