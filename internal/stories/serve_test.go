package stories_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// program is a gateway that a story runs as a program of its own.
type program struct {
	cmd    *exec.Cmd
	output *output
	ended  chan error
}

// output collects what a program prints, and tells when it is ready.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ready chan struct{}
	told  bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.text.Write(p)
	if !o.told && bytes.HasSuffix(o.text.Bytes(), []byte("ready\n")) {
		o.told = true
		close(o.ready)
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// serve runs gsp serve with the story's configuration until it is ready, and
// returns what it printed.
func (w *world) serve(ctx context.Context, _ []string) (string, error) {
	gsp, err := exec.LookPath("gsp")
	if err != nil {
		return "", err
	}
	p := &program{cmd: exec.Command(gsp, "serve"), output: &output{ready: make(chan struct{})}, ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), "GSP_CONFIG="+filepath.Join(w.folder, "site", "gsp.toml"))
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		return "", err
	}
	w.program = p
	go func() { p.ended <- p.cmd.Wait() }()
	select {
	case <-p.output.ready:
		return p.output.String(), nil
	case err := <-p.ended:
		return "", fmt.Errorf("gsp serve ended: %w: %s", err, p.output)
	case <-ctx.Done():
		return "", fmt.Errorf("wait for gsp serve: %w: %s", ctx.Err(), p.output)
	}
}

// terminate sends SIGTERM, upon which the program must end well within ten
// seconds.
func (w *world) terminate(ctx context.Context, _ []string) (string, error) {
	p := w.program
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return "", err
	}
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case err := <-p.ended:
		w.program = nil
		if err != nil {
			return "", fmt.Errorf("gsp serve: %w: %s", err, p.output)
		}
		return "", nil
	case <-timer.C:
		return "", fmt.Errorf("gsp serve did not end within ten seconds: %s", p.output)
	}
}

// kill ends a program that a failed story left behind.
func (w *world) kill() {
	if w.program != nil {
		w.program.cmd.Process.Kill()
		<-w.program.ended
	}
}

var listenLine = regexp.MustCompile(`(?m)^listen = .*$`)

// freeports copies a configuration with free ports in the place of its own.
func (w *world) freeports(_ context.Context, args []string) (string, error) {
	text, err := os.ReadFile(filepath.Join(w.folder, args[0]))
	if err != nil {
		return "", err
	}
	var listeners []net.Listener
	text = listenLine.ReplaceAllFunc(text, func([]byte) []byte {
		l, listenErr := net.Listen("tcp", "127.0.0.1:0")
		if listenErr != nil {
			err = listenErr
			return nil
		}
		listeners = append(listeners, l)
		return fmt.Appendf(nil, "listen = %q", l.Addr())
	})
	for _, l := range listeners {
		l.Close()
	}
	if err != nil {
		return "", err
	}
	return "", os.WriteFile(filepath.Join(w.folder, args[1]), text, 0o600)
}

// occupy takes a port and writes a configuration that wants it.
func (w *world) occupy(_ context.Context, args []string) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	w.taken = l
	text := fmt.Sprintf("data = \"data-of-a-third\"\n[smtp]\nlisten = %q\n[imap]\nlisten = \"127.0.0.1:0\"\n[https]\nlisten = \"127.0.0.1:0\"\n", l.Addr())
	return "", os.WriteFile(filepath.Join(w.folder, args[0]), []byte(text), 0o600)
}

// newer marks a database as written by a newer version of the program.
func (w *world) newer(ctx context.Context, args []string) (string, error) {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.folder, args[0]))
	if err != nil {
		return "", err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "PRAGMA user_version = 99")
	return "", err
}

// mode compares the permissions of a file or a folder.
func (w *world) mode(_ context.Context, args []string) (string, error) {
	info, err := os.Stat(filepath.Join(w.folder, args[0]))
	if err != nil {
		return "", err
	}
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != strings.TrimSpace(args[1]) {
		return "", fmt.Errorf("mode of %s: got %s, want %s", args[0], got, args[1])
	}
	return "", nil
}
