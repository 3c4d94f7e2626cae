// Package control lets the command line ask a running gateway: the verbs of
// package admin over a Unix socket in the data folder.
//
// Who may open the folder may ask; there is no other check, and the socket is
// never reachable over a network. A request is one HTTP POST of a verb's input
// in JSON to /v1/<verb>, an answer is JSON as well. Who asked is what the
// kernel says of the caller, not what the caller says.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/gsp"
)

// socketName is the socket's file in the data folder.
const socketName = "control"

// requestTime bounds the reading of a request.
const requestTime = time.Minute

// maxRequest bounds a request, in octets: a pattern library is the largest.
const maxRequest = 64 << 20

// ErrNotRunning reports that no gateway runs on a data folder.
var ErrNotRunning = errors.New("no gateway runs on this data folder")

type answer struct {
	Out     json.RawMessage `json:"out,omitempty"`
	Refusal *refusal        `json:"refusal,omitempty"`
	Error   string          `json:"error,omitempty"`
}

type refusal struct {
	Reason gsp.Reason `json:"reason"`
	Cause  string     `json:"cause"`
	Remedy string     `json:"remedy"`
}

// Listen opens the socket of a data folder whose lock the caller holds, so a
// socket file left behind by a killed gateway is nobody's.
func Listen(folder string) (net.Listener, error) {
	path, done, err := socketPath(folder)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the old control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	// The folder has mode 0700 already; this is for one that was loosened.
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("protect the control socket: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // the path may be the short one of socketPath
	return l, nil
}

// Server answers the verbs of package admin.
type Server struct {
	Office *admin.Office
	Log    *slog.Logger

	http http.Server
}

// Serve answers on l until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	mux := http.NewServeMux()
	for _, h := range admin.Handlers() {
		mux.HandleFunc("POST /v1/"+h.Called(), func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, h) })
	}
	s.http.Handler = mux
	s.http.ReadTimeout = requestTime
	s.http.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, callerKey{}, caller(c))
	}
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown ends Serve after the requests under way, or with ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		s.http.Close()
	}
	return err
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, h admin.Handler) {
	var a answer
	out, err := s.do(r, h)
	if err == nil {
		a.Out, err = json.Marshal(out)
	}
	if err != nil {
		a = s.failed(r.Context(), h, err)
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that hung up has no use for the error.
	_ = json.NewEncoder(w).Encode(a)
}

func (s *Server) do(r *http.Request, h admin.Handler) (any, error) {
	in, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequest))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	by, _ := r.Context().Value(callerKey{}).(string)
	out, err := h.DoJSON(r.Context(), s.Office, by, in)
	s.log(r.Context(), h, by, in, err)
	return out, err
}

// log tells who asked for what, whom it was about, and whether it was refused:
// what a restored gateway must be told again stands here. What fails is told
// by failed.
func (s *Server) log(ctx context.Context, h admin.Handler, by string, in json.RawMessage, err error) {
	attrs := []slog.Attr{slog.String("verb", h.Called()), slog.String("by", by)}
	party, account := s.Office.About(in)
	if party != "" {
		attrs = append(attrs, slog.String("party", string(party)))
	}
	if account != 0 {
		attrs = append(attrs, slog.Int64("account", int64(account)))
	}
	what, level := "command", slog.LevelInfo
	if h.Called() == admin.Ping.Name || h.Called() == admin.Status.Name { // monitors ask all day
		level = slog.LevelDebug
	}
	if r, ok := errors.AsType[*gsp.Refusal](err); ok {
		what, attrs = "command refused", append(attrs, slog.String("reason", string(r.Reason)))
	}
	s.Log.LogAttrs(ctx, level, what, attrs...)
}

func (s *Server) failed(ctx context.Context, h admin.Handler, err error) answer {
	if r, ok := errors.AsType[*gsp.Refusal](err); ok {
		return answer{Refusal: &refusal{r.Reason, r.Cause, r.Remedy}}
	}
	s.Log.LogAttrs(ctx, slog.LevelError, "command failed", slog.String("verb", h.Called()), slog.Any("error", err))
	return answer{Error: err.Error()} // whoever asks may read the log as well
}

// Do carries a verb out on the gateway that runs on the data folder. Its error
// is ErrNotRunning where none runs, and a *gsp.Refusal where the verb refused.
func Do[In, Out any](ctx context.Context, folder string, verb admin.Verb[In, Out], in In) (Out, error) {
	var out Out
	body, err := json.Marshal(in)
	if err != nil {
		return out, fmt.Errorf("write the input of %s: %w", verb.Name, err)
	}
	a, err := post(ctx, folder, verb.Name, body)
	switch {
	case err != nil:
		return out, err
	case a.Refusal != nil:
		return out, &gsp.Refusal{Reason: a.Refusal.Reason, Cause: a.Refusal.Cause, Remedy: a.Refusal.Remedy}
	case a.Error != "":
		return out, fmt.Errorf("the gateway: %s", a.Error)
	}
	if err := json.Unmarshal(a.Out, &out); err != nil {
		return out, fmt.Errorf("read the output of %s: %w", verb.Name, err)
	}
	return out, nil
}

func post(ctx context.Context, folder, verb string, body []byte) (answer, error) {
	path, done, err := socketPath(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return answer{}, ErrNotRunning
	}
	if err != nil {
		return answer{}, err
	}
	defer done()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://gateway/v1/"+verb, bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("ask the gateway: %w", err)
	}
	resp, err := client.Do(r)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return answer{}, ErrNotRunning
	}
	if err != nil {
		return answer{}, fmt.Errorf("ask the gateway: %w", err)
	}
	defer resp.Body.Close()
	var a answer
	if resp.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("ask the gateway: it does not know %s; is it of another version?", verb)
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return answer{}, fmt.Errorf("read the gateway's answer: %w", err)
	}
	return a, nil
}

// socketPath returns a path of the socket that the kernel takes, and a
// function that must be called after its use. A Unix socket's path has at most
// 107 octets (unix(7)); a longer one is reached through the open folder.
func socketPath(folder string) (path string, done func(), err error) {
	path = filepath.Join(folder, socketName)
	if len(path) <= 107 {
		return path, func() {}, nil
	}
	dir, err := os.Open(folder)
	if err != nil {
		return "", nil, fmt.Errorf("open the data folder: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName), func() { dir.Close() }, nil
}
