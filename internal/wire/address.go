package wire

import (
	"io"
	"mime"
	"net/mail"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// words decodes display names, only to step over them: a charset that Go does
// not know must not make an address unreadable.
var words = mime.WordDecoder{
	CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil },
}

// list reads addresses. A display name in an old charset, written without any
// encoding, must not make an address unreadable either. The parser takes
// comments only behind an address, so they go first.
func list(value string) ([]*mail.Address, error) {
	return (&mail.AddressParser{WordDecoder: &words}).ParseList(strings.ToValidUTF8(stripComments(value), "\ufffd"))
}

// readFrom reads the one author of a mail (RFC 5322, section 3.6.2).
func (r *reader) readFrom(value string) (gsp.Address, error) {
	authors, err := list(value)
	if err != nil {
		return gsp.Address{}, broken("the From address cannot be read", "choose your own address as the sender")
	}
	if len(authors) != 1 {
		return gsp.Address{}, broken("the mail has several From addresses", "choose your own address as the only sender")
	}
	from, err := gsp.ParseAddress(authors[0].Address)
	if err != nil {
		return gsp.Address{}, broken("the From address is not of the form name@domain", "choose your own address as the sender")
	}
	return from.Home(r.domain, r.aliases), nil
}

// readAddresses reads To or Cc and returns those of the domain.
func (r *reader) readAddresses(value string) ([]gsp.Address, error) {
	if isEmptyGroup(value) {
		return nil, nil
	}
	all, err := list(value)
	if err != nil {
		return nil, brokenAddress("To or Cc")
	}
	var found []gsp.Address
	for _, a := range all {
		address, err := gsp.ParseAddress(a.Address)
		if address = address.Home(r.domain, r.aliases); err == nil && address.Domain == r.domain {
			found = append(found, address)
		}
	}
	return found, nil
}

// isEmptyGroup reports whether a field is empty or "undisclosed-recipients:;".
// Clients write either into drafts and into mail that has blind copies only.
func isEmptyGroup(value string) bool {
	name, rest, group := strings.Cut(value, ":")
	if !group {
		return strings.TrimSpace(name) == ""
	}
	return strings.TrimSpace(rest) == ";" && !strings.ContainsAny(name, `"<>@,;`)
}

// maxMessageID is the longest id that is kept, in octets: with its field name
// it must fit on a line.
const maxMessageID = 250

// isMessageID accepts <left@right> of printable ASCII (RFC 5322, section
// 3.6.4), which is a little more than the RFC: ids are compared and copied,
// never taken apart.
func isMessageID(s string) bool {
	if len(s) < len("<a@b>") || len(s) > maxMessageID || s[0] != '<' || s[len(s)-1] != '>' {
		return false
	}
	s = s[1 : len(s)-1]
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == ',' || c == ';' {
			return false
		}
	}
	at := strings.IndexByte(s, '@')
	return at > 0 && at < len(s)-1
}

// readMessageIDs returns the last ids of In-Reply-To or References and passes
// over what is none: old clients write phrases there.
func readMessageIDs(value string) []string {
	var ids []string
	for {
		_, rest, ok := strings.Cut(value, "<")
		if !ok {
			break
		}
		n := strings.IndexAny(rest, "<>")
		if n < 0 {
			break
		}
		if id := "<" + rest[:n] + ">"; rest[n] == '>' && isMessageID(id) {
			ids = append(ids, id)
		}
		value = rest[n:]
	}
	return ids[max(0, len(ids)-maxReferences):]
}
