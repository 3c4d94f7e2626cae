package client

import (
	"bytes"
	"mime"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/wire"
)

// lineLength is where header lines are folded, in octets (RFC 5322, section
// 2.1.1).
const lineLength = 78

// header is a mail header in the order in which it is written.
type header struct{ b bytes.Buffer }

// add writes a field, folded between items where it gets long, and nothing
// where there are no items. No item may hold a line end.
func (h *header) add(name string, items ...string) {
	if len(items) == 0 {
		return
	}
	h.b.WriteString(name)
	h.b.WriteByte(':')
	column := len(name) + 1
	for i, item := range items {
		if i > 0 && column+1+len(item) > lineLength {
			h.b.WriteString("\r\n")
			column = 0
		}
		h.b.WriteByte(' ')
		h.b.WriteString(item)
		column += 1 + len(item)
	}
	h.b.WriteString("\r\n")
}

// words cuts free text in any script into what a header may hold (RFC 2047).
// Line ends are spaces like others.
func words(s string) []string {
	return strings.Fields(mime.QEncoding.Encode("utf-8", strings.Join(strings.Fields(s), " ")))
}

// addresses writes a list of mailboxes without display names, which the
// directory supplies to people.
func addresses(list []gsp.Address) []string {
	items := make([]string, len(list))
	for i, a := range list {
		items[i] = "<" + a.String() + ">"
		if i < len(list)-1 {
			items[i] += ","
		}
	}
	return items
}

// claims writes the members of GSP-UIM.
func claims(list []gsp.Claim) ([]string, error) {
	items := make([]string, len(list))
	for i := range list {
		item, err := wire.FormatClaims(list[i : i+1])
		if err != nil {
			return nil, err
		}
		if i < len(list)-1 {
			item += ","
		}
		items[i] = item
	}
	return items, nil
}

// typeOf writes GSP-Type; the parameters need a type to belong to.
func (d *Draft) typeOf() []string {
	kind := d.Type
	if kind == "" {
		if d.Urgency == "" && d.Due.IsZero() {
			return nil
		}
		kind = gsp.Request
	}
	item := string(kind)
	if d.Urgency != "" {
		item += ";urgency=" + string(d.Urgency)
	}
	if !d.Due.IsZero() {
		item += ";due=@" + strconv.FormatInt(d.Due.Unix(), 10)
	}
	return []string{item}
}

// isMessageID accepts what can be copied into a header as it stands.
func isMessageID(s string) bool {
	inside, ok := strings.CutPrefix(s, "<")
	inside, closed := strings.CutSuffix(inside, ">")
	return ok && closed && strings.Contains(inside, "@") && len(s) < 250 &&
		!strings.ContainsFunc(inside, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' })
}
