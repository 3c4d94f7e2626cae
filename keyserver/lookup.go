package keyserver

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
)

const (
	onlyReads    = "this directory takes no keys here: the owner's administrator publishes them\n"
	onlyLookups  = "this directory answers op=get and op=index\n"
	longSearch   = "ask by a whole address, a fingerprint or a key ID of 16 digits\n"
	keyMediaType = "application/pgp-keys"
)

// serveHKP answers below /pks/ (draft-shaw-openpgp-hkp-00): whole
// addresses, fingerprints and long key IDs, and no search for parts of them,
// which would list the directory.
func (s *Server) serveHKP(w http.ResponseWriter, r *http.Request, path string) {
	if path == "add" {
		text(w, http.StatusNotImplemented, onlyReads)
		return
	}
	if !readOnly(w, r) {
		return
	}
	if path != "lookup" {
		notFound(w)
		return
	}
	query := r.URL.Query()
	op := query.Get("op")
	if op != "get" && op != "index" && op != "vindex" {
		text(w, http.StatusNotImplemented, onlyLookups)
		return
	}
	if !s.admit(w, r) {
		return
	}
	entries, exact := s.search(query.Get("search"), op)
	switch {
	case !exact:
		w.Header().Set("Cache-Control", "max-age=60")
		text(w, http.StatusNotFound, longSearch)
	case len(entries) == 0:
		s.noKey(w, r)
	case op == "get":
		sendArmored(w, r, entries)
	case slices.Contains(strings.Split(query.Get("options"), ","), "mr"):
		send(w, r, "text/plain; charset=utf-8", machineIndex(entries), changed(entries))
	default:
		send(w, r, "text/plain; charset=utf-8", index(entries), changed(entries))
	}
}

// serveVKS answers below /vks/ as keys.openpgp.org does, which Thunderbird and
// others ask for news of a key.
func (s *Server) serveVKS(w http.ResponseWriter, r *http.Request, path string) {
	if path == "v1/upload" || path == "v1/request-verify" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotImplemented)
		fmt.Fprintf(w, "{\"error\": %q}\n", strings.TrimSpace(onlyReads))
		return
	}
	if !readOnly(w, r) {
		return
	}
	by, what, _ := strings.Cut(strings.TrimPrefix(path, "v1/"), "/")
	digits := map[string][]int{"by-fingerprint": {40, 64}, "by-keyid": {16}}[by]
	if !strings.HasPrefix(path, "v1/") || digits == nil && by != "by-email" {
		notFound(w)
		return
	}
	if !s.admit(w, r) {
		return
	}
	var entries []Entry
	if id, ok := identifier(what); ok && slices.Contains(digits, len(id)) {
		entries = s.Directory.Identified(id)
	} else if by == "by-email" {
		entries = s.byAddress(what, s.Directory.Published)
	}
	if len(entries) == 0 {
		s.noKey(w, r)
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+entries[0].Fingerprint+`.asc"`)
	sendArmored(w, r, entries)
}

// search finds certificates by what a client typed. It reports false for what
// would name more than one.
func (s *Server) search(what, op string) (entries []Entry, exact bool) {
	if id, ok := identifier(what); ok {
		return s.Directory.Identified(id), true
	}
	if !strings.Contains(what, "@") {
		return nil, false
	}
	entries = s.byAddress(what, s.Directory.Published)
	if op != "get" {
		// An index can tell of these too; each is got by its fingerprint.
		entries = append(slices.Clip(entries), s.byAddress(what, s.Directory.Besides)...)
	}
	return entries, true
}

// byAddress finds the certificates of an address, which may stand in angle
// brackets, by one of the Directory's methods.
func (s *Server) byAddress(what string, find func(domain, hash string) []Entry) []Entry {
	what = strings.TrimSuffix(strings.TrimPrefix(what, "<"), ">")
	address, err := gsp.ParseAddress(what)
	if err != nil || !slices.Contains(s.domains, address.Domain) {
		return nil
	}
	return find(address.Domain, gsp.WKDHash(address.Local))
}

// identifier reads a fingerprint or a key ID of 16 digits, with or without 0x,
// in either letter case, and with the spaces that people copy.
func identifier(s string) (string, bool) {
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	s = strings.TrimPrefix(s, "0X")
	if _, err := hex.DecodeString(s); err != nil {
		return "", false
	}
	return s, len(s) == 16 || len(s) == 40 || len(s) == 64
}

// machineIndex lists certificates for programs (draft-shaw-openpgp-hkp-00,
// section 5.2).
func machineIndex(entries []Entry) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "info:1:%d\n", len(entries))
	for _, e := range entries {
		flags := ""
		if e.Revoked {
			flags = "r"
		}
		fmt.Fprintf(&b, "pub:%s:%d:%d:%s:%s:%s\n", e.Fingerprint, e.Algorithm, e.Bits, seconds(e.Created), seconds(e.Expires), flags)
		fmt.Fprintf(&b, "uid:%s:::%s\n", escape(e.UserID), flags)
	}
	return b.Bytes()
}

// index lists certificates for people.
func index(entries []Entry) []byte {
	var b bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&b, "%s\n    %s\n    made %s", e.UserID, e.Fingerprint, e.Created.UTC().Format(time.DateOnly))
		if !e.Expires.IsZero() {
			fmt.Fprintf(&b, ", expires %s", e.Expires.UTC().Format(time.DateOnly))
		}
		if e.Revoked {
			b.WriteString(", revoked")
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

func seconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}

// escape writes what could end a field or a line, and what is not ASCII, as %XX.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == ':' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func sendArmored(w http.ResponseWriter, r *http.Request, entries []Entry) {
	var ring []byte
	for _, e := range entries {
		ring = append(ring, e.Bytes...)
	}
	send(w, r, keyMediaType, armor(ring), changed(entries))
}
