package keyserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// Server is the directory door. Set its fields before it is used and leave
// them alone afterwards.
type Server struct {
	Directory  Directory
	Domain     string       // of the addresses whose keys it serves
	Aliases    []string     // other names of it, in lower case
	Submission string       // address that takes keys by mail, "" for none
	Servers    gsp.Servers  // what mail clients are set up with, the zero value for nothing
	TLS        *tls.Config  // for Serve
	Misses     int          // look-ups a minute and peer of keys that nobody has, 0 for no limit
	Log        *slog.Logger // nil for none

	start  sync.Once
	inner  *http.Server
	help   *help
	quota  *quota
	policy []byte
	// domains are Domain and its aliases, in lower case.
	domains []string
	setup   *autoconfig
}

func (s *Server) init() {
	s.Domain = strings.ToLower(s.Domain)
	s.domains = append([]string{s.Domain}, s.Aliases...)
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	s.quota = newQuota(s.Misses, time.Now)
	s.help = loadHelp(s.Domain)
	s.policy = policy(s.Submission)
	s.setup = newAutoconfig(s.domains, s.Servers)
	s.inner = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second, // the TLS handshake too
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		// Thunderbird pads its look-ups with a long header field.
		MaxHeaderBytes: 64 << 10,
		// It would write addresses of clients; what matters is logged in serve.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

// Handler returns the whole door as a handler, for use behind other TLS.
func (s *Server) Handler() http.Handler {
	s.start.Do(s.init)
	return s.inner.Handler
}

// Serve answers HTTPS on l, HTTP/1.1 and HTTP/2. It returns nil after
// Shutdown, which closes l.
func (s *Server) Serve(l net.Listener) error {
	s.start.Do(s.init)
	config := s.TLS.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.NextProtos = []string{"h2", "http/1.1"}
	if err := s.inner.Serve(tls.NewListener(newGate(l), config)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve directory: %w", err)
	}
	return nil
}

// Shutdown stops taking connections and waits for answers under way. When ctx
// ends first, it cuts them off and returns the error of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.start.Do(s.init)
	err := s.inner.Shutdown(ctx)
	if err != nil {
		s.inner.Close()
	}
	return err
}

// serve takes the path apart by itself: a ServeMux would answer with redirects,
// which GnuPG follows to another path than the one they name. The front door
// has one, since no look-up comes there.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer s.recover(w)
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if path, ok := strings.CutPrefix(r.URL.Path, "/.well-known/openpgpkey/"); ok {
		s.serveDirectory(w, r, path)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/pks/"); ok {
		s.serveHKP(w, r, path)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/vks/"); ok {
		s.serveVKS(w, r, path)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/keys/"); ok {
		s.serveParties(w, r, path)
		return
	}
	if s.setup.serve(w, r) {
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		refuseMethod(w, "GET, HEAD")
		return
	}
	switch r.URL.Path {
	case "/":
		h.Set("Location", "/help/")
		text(w, http.StatusFound, "see /help/\n")
		return
	case "/healthz":
		h.Set("Cache-Control", "no-store")
		text(w, http.StatusOK, "ok\n")
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/help"); ok && (path == "" || path[0] == '/') {
		s.help.serve(w, r, strings.TrimPrefix(path, "/"))
		return
	}
	notFound(w)
}

func (s *Server) recover(w http.ResponseWriter) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause) // ends the connection, as documented there
	}
	s.Log.LogAttrs(context.Background(), slog.LevelError, "directory failed", slog.Any("panic", cause))
	text(w, http.StatusInternalServerError, "the directory failed\n")
}

// text writes a short answer. It is never HTML: Thunderbird takes any HTML
// for "no key", whatever the status.
func text(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, body) // the client is gone if it fails; net/http leaves it out for HEAD
}

func notFound(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "max-age=60")
	text(w, http.StatusNotFound, "not found\n")
}

func refuseMethod(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	text(w, http.StatusMethodNotAllowed, "only "+allow+"\n")
}
