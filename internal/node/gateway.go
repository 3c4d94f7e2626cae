package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"gsp.example/gsp/imapd"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/localca"
	"gsp.example/gsp/keyserver"
	"gsp.example/gsp/smtpd"
)

// Gateway is a running gateway.
type Gateway struct {
	SMTP, IMAP, HTTPS net.Addr    // where its doors are
	STARTTLS          net.Addr    // of the second one for submission, nil for none
	CA                string      // path of the certificate to trust, "" with a configured one
	Made              []Made      // what this start made
	Notes             []string    // what needs somebody soon
	Called            gsp.Servers // what mail clients are told

	core     *Core
	started  time.Time
	commands meter  // of the reading door
	tls      string // folder of our own authority
	doors    []door
	served   sync.WaitGroup
	failed   chan error    // room for one of each door and the store
	ending   chan struct{} // closed by Shutdown
}

// Made is something that a first start made.
type Made struct{ Path, What string }

// door is a server on its listener.
type door struct {
	name     string
	listener net.Listener
	serve    func(net.Listener) error
	shutdown func(context.Context) error
}

// Start opens the data folder and all doors. It makes what is missing: the
// folder, and a certificate where none is configured. The error is a
// *gsp.Refusal where a port is in use, a certificate cannot be read, or the
// folder is another's; nothing is left open then.
func Start(ctx context.Context, c config.Config, log *slog.Logger) (_ *Gateway, err error) {
	core, err := Open(ctx, c, log)
	if err != nil {
		return nil, unwritable(c.Data, err)
	}
	g := &Gateway{core: core, started: time.Now(), failed: make(chan error, 6), ending: make(chan struct{})}
	defer func() {
		if err != nil {
			err = unwritable(c.Data, err)
			g.abandon()
		}
	}()
	if core.made {
		g.Made = append(g.Made, Made{c.Data, "the data folder"})
	}
	pair, err := g.certificate(c, log)
	if err != nil {
		return nil, err
	}
	if err := g.openDoors(c, pair, log); err != nil {
		return nil, err
	}
	for _, d := range g.doors {
		g.served.Go(func() {
			err := d.serve(d.listener)
			select {
			case <-g.ending: // by our own wish
			default:
				g.failed <- fmt.Errorf("%s door: %w", d.name, err)
			}
		})
	}
	if g.Notes, err = g.notes(ctx, c, pair, time.Now()); err != nil {
		return nil, err
	}
	if g.CA != "" {
		g.served.Go(func() { g.renew(names(c), log) })
	}
	g.served.Go(func() { core.endAccounts(g.ending, log) })
	g.served.Go(func() { core.herald(c, log).run(g.ending) })
	g.served.Go(func() {
		select {
		case <-core.store.Failed():
			g.failed <- fmt.Errorf("store: %w", core.store.Err())
		case <-g.ending:
		}
	})
	return g, nil
}

// certificate opens the configured certificate, or the one of an authority of
// our own.
func (g *Gateway) certificate(c config.Config, log *slog.Logger) (*localca.Pair, error) {
	if c.TLS.Certificate != "" {
		return localca.Open(c.TLS.Certificate, c.TLS.Key, log)
	}
	g.tls = filepath.Join(c.Data, "tls")
	issued, err := localca.Ensure(g.tls, names(c), localca.Loopback(), time.Now())
	if err != nil {
		return nil, err
	}
	g.CA = issued.CA
	if issued.MadeCA {
		g.Made = append(g.Made, Made{issued.CA, "the certificate authority that mail clients must trust"})
	}
	return localca.Open(issued.Certificate, issued.Key, log)
}

// names returns the host names that our own certificate is for.
func names(c config.Config) []string {
	s := c.Servers()
	return append(localca.Names(c.Domain, s.Submission.Host, s.STARTTLS.Host, s.Reading.Host, s.Directory.Host), c.LookedUp()...)
}

// renew keeps our own authority's certificate valid while the gateway runs;
// the doors read it again by themselves.
func (g *Gateway) renew(names []string, log *slog.Logger) {
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		select {
		case <-g.ending:
			return
		case now := <-daily.C:
			issued, err := localca.Ensure(g.tls, names, localca.Loopback(), now)
			if err != nil {
				log.LogAttrs(context.Background(), slog.LevelError, "certificate not renewed", slog.Any("error", err))
			} else if issued.MadeServer {
				log.LogAttrs(context.Background(), slog.LevelInfo, "certificate renewed")
			}
		}
	}
}

func (g *Gateway) openDoors(c config.Config, pair *localca.Pair, log *slog.Logger) error {
	core := g.core
	secret, err := decoySecret(c.Data)
	if err != nil {
		return err
	}
	who := people{authenticator(c, core.registry, secret), core.registry, core.parties}
	asked := func() bool { return core.registry.Snapshot().HasPins() }
	submission := &smtpd.Server{
		Accounts: who, Submitter: core.router, TLS: pair.Config(), Certificates: asked, Domain: c.Domain, Help: c.HelpBase(),
		MaxMessage: int64(c.Limits.MaxMessage), MaxRecipients: c.Limits.MaxRecipients, Limits: limits(c), Log: log, Now: time.Now,
	}
	reading := &imapd.Server{
		Accounts: who, Keeper: core.router, Tree: core.store, Messages: core.store, Bells: core.bells,
		TLS: pair.Config(), Certificates: asked, Domain: c.Domain, Help: c.HelpBase(), MaxMessage: int64(c.Limits.MaxMessage),
		MaxConns: c.IMAP.Connections, PerAddress: c.IMAP.ConnectionsPerAddress, PerAccount: c.IMAP.ConnectionsPerAccount,
		BadLogins: c.Limits.FailedLogins, Appends: orNone(c.Limits.AppendsPerHour), Room: int64(c.Limits.InFlight), Log: log,
		Answered: g.commands.count,
	}
	directory := &keyserver.Server{Directory: who, Domain: c.Domain, Aliases: c.Aliases, Submission: core.Office.Keys, Misses: c.Limits.MissedLookups, TLS: pair.Config(), Log: log}
	commands := &control.Server{Office: core.Office, Log: log}

	socket, err := control.Listen(c.Data)
	if err != nil {
		return err
	}
	g.doors = append(g.doors, door{"commands", socket, commands.Serve, commands.Shutdown})
	for _, d := range []struct {
		door
		at    string
		found *net.Addr
	}{
		{door{"submission", nil, submission.Serve, submission.Shutdown}, c.SMTP.Listen, &g.SMTP},
		{door{"reading", nil, reading.Serve, reading.Shutdown}, c.IMAP.Listen, &g.IMAP},
		{door{"directory", nil, directory.Serve, directory.Shutdown}, c.HTTPS.Listen, &g.HTTPS},
		{door{"STARTTLS", nil, submission.ServeSTARTTLS, nothing}, c.SMTP.STARTTLSListen, &g.STARTTLS},
	} {
		if d.at == "" {
			continue
		}
		if d.listener, err = listen(d.name, d.at); err != nil {
			return err
		}
		*d.found = d.listener.Addr()
		g.doors = append(g.doors, d.door)
	}
	g.announce(c, directory)
	g.Called = core.Office.Servers
	core.Office.Condition = g.condition(c, pair, submission.Connections, reading.Connections)
	return nil
}

// announce tells the directory, which sets mail clients up, and the office,
// which writes letters, where the doors are. Only their listeners know the
// ports that the system chose.
func (g *Gateway) announce(c config.Config, directory *keyserver.Server) {
	c.SMTP.Listen, c.IMAP.Listen, c.HTTPS.Listen = g.SMTP.String(), g.IMAP.String(), g.HTTPS.String()
	if g.STARTTLS != nil {
		c.SMTP.STARTTLSListen = g.STARTTLS.String()
	}
	directory.Servers = c.Servers()
	g.core.Office.Servers = c.Servers()
}

// nothing ends a door that is another's second listener.
func nothing(context.Context) error { return nil }

func listen(name, at string) (net.Listener, error) {
	l, err := net.Listen("tcp", at)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &gsp.Refusal{
			Reason: gsp.PortInUse,
			Cause:  fmt.Sprintf("%s, where the %s door is to listen, is in use by another program", at, name),
			Remedy: "stop that program, or set another address in the configuration",
			Err:    err,
		}
	case errors.Is(err, syscall.EACCES):
		return nil, &gsp.Refusal{
			Reason: gsp.PortInUse,
			Cause:  fmt.Sprintf("%s, where the %s door is to listen, is reserved for privileged programs", at, name),
			Remedy: "set a port above 1023, or give the program the capability CAP_NET_BIND_SERVICE",
			Err:    err,
		}
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, &gsp.Refusal{
			Reason: gsp.BrokenConfig,
			Cause:  fmt.Sprintf("this machine does not have the address of %s, where the %s door is to listen", at, name),
			Remedy: "set an address that it has, or the port alone, such as :465, for all",
			Err:    err,
		}
	case err != nil:
		return nil, fmt.Errorf("open the %s door: %w", name, err)
	}
	return l, nil
}

// Failed yields the error of a door or the store that gave up. The gateway
// must then be shut down.
func (g *Gateway) Failed() <-chan error { return g.failed }

// Shutdown ends the gateway: no new sessions, those in a transaction finish
// it until ctx ends, then the store is closed. What was answered with 250 is
// stored. It may be called once.
func (g *Gateway) Shutdown(ctx context.Context) error {
	close(g.ending)
	var wg sync.WaitGroup
	errs := make([]error, len(g.doors))
	for i, d := range g.doors {
		wg.Go(func() {
			// Sessions that took longer than ctx were cut, which is no failure.
			if err := d.shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				errs[i] = fmt.Errorf("end the %s door: %w", d.name, err)
			}
			d.listener.Close() // a door that had not begun to serve does not know it
		})
	}
	wg.Wait()
	err := errors.Join(append(errs, g.core.Close())...)
	served := make(chan struct{})
	go func() {
		g.served.Wait()
		close(served)
	}()
	// Everything is cut by now, also what ctx did not let finish.
	late := time.NewTimer(time.Second)
	defer late.Stop()
	select {
	case <-served:
		return err
	case <-late.C:
		return errors.Join(err, errors.New("end the gateway: a door did not let go"))
	}
}

// abandon closes what a failed Start opened.
func (g *Gateway) abandon() {
	for _, d := range g.doors {
		d.listener.Close()
	}
	g.core.Close()
}
