package keyserver

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// serveParties answers below /keys/ with the keys of all Parties as one file,
// binary for programs or as text, each beside the gateway's signature over it,
// and a page that says how to check it.
func (s *Server) serveParties(w http.ResponseWriter, r *http.Request, path string) {
	if !readOnly(w, r) {
		return
	}
	ring, err := s.Directory.Parties()
	if err != nil {
		s.Log.LogAttrs(context.Background(), slog.LevelError, "directory failed", slog.Any("error", err))
		text(w, http.StatusInternalServerError, "the directory failed\n")
		return
	}
	if language, ok := strings.CutSuffix(path, "/"); path == "" || ok && slices.Contains(helpLanguages, language) {
		s.servePartiesPage(w, r, ring, language)
		return
	}
	mediaType, body := partiesFile(ring, path)
	if mediaType == "" {
		notFound(w)
		return
	}
	// A cache that keeps one of file and signature longer than the other would
	// hand out a pair that does not fit, so it is to ask each time.
	w.Header().Set("Cache-Control", "no-cache")
	send(w, r, mediaType, body, ring.Signed)
}

// partiesFile returns one of the files, with "" as its type where there is none
// of that name.
func partiesFile(ring gsp.Keyring, name string) (mediaType string, body []byte) {
	const signature = "application/pgp-signature"
	switch name {
	case "parties.pgp":
		return "application/octet-stream", ring.Binary.Bytes
	case "parties.pgp.sig":
		return signature, ring.Binary.Signature
	case "parties.asc":
		return keyMediaType, ring.Armoured.Bytes
	case "parties.asc.sig":
		return signature, ring.Armoured.Signature
	case "parties.pgp.sha256":
		return "text/plain; charset=utf-8", fmt.Appendf(nil, "%x  parties.pgp\n", sha256.Sum256(ring.Binary.Bytes))
	}
	return "", nil
}
