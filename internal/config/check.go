package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// fault is what is wrong with the value of one key.
type fault struct {
	key     string
	problem string
}

// Check returns nil if the gateway can start with c, as far as that can be
// told without looking at the machine. The error is a *gsp.Refusal that names
// the key.
func (c Config) Check() error {
	f, ok := c.fault()
	if !ok {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.BrokenConfig,
		Cause:  "key " + f.key + ": " + f.problem,
		Remedy: "correct the value",
	}
}

// fault returns the first fault in the order of the manual.
func (c Config) fault() (fault, bool) {
	for _, f := range []fault{
		{"domain", domainProblem(c.Domain)},
		{"data", dataProblem(c.Data)},
		{"uim_disclosure", memberProblem(c.UIMDisclosure, Disclosures)},
		{"help", helpProblem(c.Help)},
		{"smtp.listen", listenProblem(c.SMTP.Listen)},
		{"imap.listen", listenProblem(c.IMAP.Listen, c.SMTP.Listen)},
		{"https.listen", listenProblem(c.HTTPS.Listen, c.SMTP.Listen, c.IMAP.Listen)},
		{"tls.certificate", pairProblem(c.TLS.Certificate, c.TLS.Key)},
		{"tls.key", pairProblem(c.TLS.Key, c.TLS.Certificate)},
		{"limits.max_message", rangeProblem(c.Limits.MaxMessage, 64<<10, 64<<20)},
		{"limits.max_recipients", rangeProblem(c.Limits.MaxRecipients, 1, 1000)},
		{"store.inline_limit", rangeProblem(c.Store.InlineLimit, 0, 16<<20)},
		{"log.format", memberProblem(c.Log.Format, Formats)},
	} {
		if f.problem != "" {
			return f, true
		}
	}
	return fault{}, false
}

func domainProblem(domain string) string {
	a, err := gsp.ParseAddress("postmaster@" + domain)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is not a domain name", domain)
	case a.Domain != domain:
		return fmt.Sprintf("write the domain in lower case, %q", a.Domain)
	case !strings.Contains(domain, "."):
		// mail clients take a bare name for a mistake and complete it
		return fmt.Sprintf("%q has no dot", domain)
	}
	return ""
}

func dataProblem(folder string) string {
	if folder == "" {
		return "a folder is needed"
	}
	return ""
}

func helpProblem(base string) string {
	if base == "" {
		return ""
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Sprintf("%q is not an address that starts with https://", base)
	case !strings.HasSuffix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "":
		return fmt.Sprintf("%q does not end in /", base)
	}
	return ""
}

// listenProblem tells what is wrong with an address to listen on, also beside
// the addresses of the doors before it. Port 0, a free port chosen by the
// system, may stand several times.
func listenProblem(listen string, taken ...string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Sprintf("%q is not of the form address:port", listen)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Sprintf("%q has no port between 0 and 65535", listen)
	}
	if n != 0 && slices.Contains(taken, listen) {
		return fmt.Sprintf("another door listens on %q already", listen)
	}
	return ""
}

func pairProblem(path, other string) string {
	if path == "" && other != "" {
		return "certificate and key belong together: set both or none"
	}
	return ""
}

func memberProblem[T ~string](v T, all []T) string {
	if slices.Contains(all, v) {
		return ""
	}
	quoted := make([]string, len(all))
	for i, a := range all {
		quoted[i] = strconv.Quote(string(a))
	}
	return fmt.Sprintf("%q is none of %s", v, strings.Join(quoted, ", "))
}

func rangeProblem[T Size | int](v, least, most T) string {
	if v < least || v > most {
		return fmt.Sprintf("%v is not between %v and %v", v, least, most)
	}
	return ""
}
