package keyserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gsp.example/gsp/internal/peer"
)

// protocolVersion is the revision of the draft that the policy file claims
// (draft-koch-openpgp-webkey-service-22, section 4.5).
const protocolVersion = 22

// policy makes the policy file. It must exist, even if empty, or GnuPG takes
// the domain for one without a directory; and each line must end in LF, or
// gpg-wks-client calls it too long.
func policy(submission string) []byte {
	var b bytes.Buffer
	if submission != "" {
		b.WriteString("submission-address: " + submission + "\n")
	}
	b.WriteString("protocol-version: " + strconv.Itoa(protocolVersion) + "\n")
	return b.Bytes()
}

// serveDirectory answers below /.well-known/openpgpkey/: the direct method
// there, the advanced method below the domain's name
// (draft-koch-openpgp-webkey-service-22, section 3.1). The parameter l is
// neither needed nor looked at; clients write it in several ways.
func (s *Server) serveDirectory(w http.ResponseWriter, r *http.Request, path string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // mail programs in browsers
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "*, Authorization")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		refuseMethod(w, "GET, HEAD, OPTIONS")
		return
	}
	if domain, rest, ok := strings.Cut(path, "/"); ok && strings.EqualFold(domain, s.Domain) {
		path = rest
	}
	switch hash, isKey := strings.CutPrefix(path, "hu/"); {
	case isKey:
		s.serveKey(w, r, hash)
	case path == "policy":
		h.Set("Cache-Control", "max-age=3600")
		text(w, http.StatusOK, string(s.policy))
	case path == "submission-address" && s.Submission != "":
		h.Set("Cache-Control", "max-age=3600")
		text(w, http.StatusOK, s.Submission+"\n")
	default:
		notFound(w)
	}
}

func (s *Server) serveKey(w http.ResponseWriter, r *http.Request, hash string) {
	h := w.Header()
	if !s.quota.take(peer.Network(r.RemoteAddr)) {
		h.Set("Retry-After", "60")
		text(w, http.StatusTooManyRequests, "too many look-ups, try again in a minute\n")
		return
	}
	certificate, ok := s.Directory.Published(hash)
	if !ok {
		notFound(w)
		return
	}
	sum := sha256.Sum256(certificate.Bytes)
	h.Set("Content-Type", "application/octet-stream")
	// Minutes, so that a key which was revoked is soon seen to be.
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(w, r, "", certificate.Published.UTC().Truncate(time.Second), bytes.NewReader(certificate.Bytes))
}
