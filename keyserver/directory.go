package keyserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
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
	if !readOnly(w, r) {
		return
	}
	h := w.Header()
	at, ours := s.domainOf(r.Host)
	if !ours {
		text(w, http.StatusMisdirectedRequest, "this is the key directory of "+s.Domain+"\n")
		return
	}
	// A name that needs escapes is none of ours, and "hu%2F" must not pass for
	// "hu/": a proxy before us may have looked at it otherwise.
	if strings.Contains(r.URL.EscapedPath(), "%") {
		notFound(w)
		return
	}
	if name, rest, ok := strings.Cut(path, "/"); ok && slices.Contains(s.domains, strings.ToLower(name)) {
		at, path = strings.ToLower(name), rest
	}
	switch hash, isKey := strings.CutPrefix(path, "hu/"); {
	case isKey:
		s.serveKey(w, r, at, hash)
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

// domainOf returns whose keys are asked for at a host by the direct method, and
// false where it is of another domain. Numbers and names without a dot pass:
// proxies and administrators ask by them.
func (s *Server) domainOf(host string) (string, bool) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || !strings.Contains(host, ".") {
		return s.Domain, true
	}
	// The longest first: an alias may lie below the domain, or above it.
	found := ""
	for _, domain := range s.domains {
		if (host == domain || strings.HasSuffix(host, "."+domain)) && len(domain) > len(found) {
			found = domain
		}
	}
	return found, found != ""
}

func (s *Server) serveKey(w http.ResponseWriter, r *http.Request, domain, hash string) {
	if !s.admit(w, r) {
		return
	}
	entries := s.Directory.Published(domain, hash)
	if len(entries) == 0 {
		s.noKey(w, r)
		return
	}
	send(w, r, "application/octet-stream", together(entries), changed(entries))
}

// maxAnswer bounds an answer of the Web Key Directory, in octets. GnuPG reads
// 256 KiB and other clients less.
const maxAnswer = 64 << 10

// together puts certificates one behind the other, the current one first, as
// many of the earlier ones as fit (draft-koch-openpgp-webkey-service-22,
// section 3.1).
func together(entries []Entry) []byte {
	body := entries[0].Bytes
	for _, e := range entries[1:] {
		if len(body)+len(e.Bytes) > maxAnswer {
			break
		}
		body = append(body[:len(body):len(body)], e.Bytes...)
	}
	return body
}

// changed returns when entries were last other ones.
func changed(entries []Entry) time.Time {
	var last time.Time
	for _, e := range entries {
		for _, at := range []time.Time{e.Published, e.Withdrawn} {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}

// readOnly lets programs in browsers read, answers what they ask before, and
// reports whether anything is left to answer.
func readOnly(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodOptions:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "*, Authorization")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return false
	}
	refuseMethod(w, "GET, HEAD, OPTIONS")
	return false
}

// admit reports whether the peer may ask for one more key, and answers if not.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	if !s.quota.spent(r.RemoteAddr) {
		return true
	}
	w.Header().Set("Retry-After", "60")
	text(w, http.StatusTooManyRequests, "too many look-ups of keys that nobody has, try again in a minute\n")
	return false
}

// noKey answers that nobody has such a key, and counts it.
func (s *Server) noKey(w http.ResponseWriter, r *http.Request) {
	s.quota.miss(r.RemoteAddr)
	notFound(w)
}

// send answers with certificates or a list of them, whole or with 304. Nobody
// needs a part of one, so ranges are not offered.
func send(w http.ResponseWriter, r *http.Request, mediaType string, body []byte, changed time.Time) {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	h := w.Header()
	if h.Get("Cache-Control") == "" {
		// Minutes, so that a key which was revoked is soon seen to be.
		h.Set("Cache-Control", "public, max-age=300")
	}
	h.Set("ETag", tag)
	if !changed.IsZero() {
		h.Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
	}
	if isKnown(r, tag, changed) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // the client is gone if it fails; net/http leaves it out for HEAD
}

// isKnown reports whether the client has what would be answered (RFC 9110,
// section 13.2.2): by its tag, or by its date where it names no tag.
func isKnown(r *http.Request, tag string, changed time.Time) bool {
	if known := r.Header.Values("If-None-Match"); len(known) > 0 {
		for item := range strings.SplitSeq(strings.Join(known, ","), ",") {
			item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
			if item == tag || item == "*" {
				return true
			}
		}
		return false
	}
	known := r.Header.Get("If-Modified-Since")
	if known == "" || changed.IsZero() {
		return false // most ask for the first time, and ParseTime tries three forms
	}
	since, err := http.ParseTime(known)
	return err == nil && !changed.Truncate(time.Second).After(since)
}
