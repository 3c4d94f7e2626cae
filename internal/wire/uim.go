package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dunglas/httpsfv"

	"gsp.example/gsp/internal/gsp"
)

// Limits of GSP-UIM. What Read sees is never longer than 64 KiB: package sealed
// takes no longer header.
const (
	maxClaims = 1000
	maxField  = 60 << 10 // octets that FormatClaims writes, to leave room for the rest of a header
	maxUIM    = 256      // characters of one UIM
	maxCount  = 1e9      // UIMs that one member may stand for
)

// parseClaims reads the fields GSP-UIM of a mail as one list (RFC 9651,
// sections 3.1 and 4.2).
func parseClaims(values []string) ([]gsp.Claim, error) {
	list, err := httpsfv.UnmarshalList(values)
	if err != nil {
		return nil, brokenUIM("GSP-UIM cannot be read", err)
	}
	if len(list) > maxClaims {
		return nil, tooMany("GSP-UIM has more than 1,000 members")
	}
	var claims []gsp.Claim
	for i, member := range list {
		claim, err := readClaim(member)
		if err != nil {
			return nil, brokenUIM(fmt.Sprintf("member %d of GSP-UIM cannot be read", i+1), err)
		}
		claims = append(claims, claim)
	}
	return claims, nil
}

func readClaim(member httpsfv.Member) (gsp.Claim, error) {
	item, ok := member.(httpsfv.Item)
	if !ok {
		return gsp.Claim{}, errors.New("a list where a string should stand")
	}
	text, ok := item.Value.(string)
	if !ok {
		return gsp.Claim{}, errors.New("not a string")
	}
	claim, err := newClaim(text)
	if err != nil {
		return gsp.Claim{}, err
	}
	for _, name := range item.Params.Names() {
		value, _ := item.Params.Get(name)
		var word string
		switch v := value.(type) {
		case httpsfv.Token:
			word = string(v)
		case string:
			word = v
		case int64:
			word = strconv.FormatInt(v, 10)
		}
		if err := setParameter(&claim, name, word); err != nil {
			return gsp.Claim{}, err
		}
	}
	return claim, nil
}

func newClaim(text string) (gsp.Claim, error) {
	if text == "" || len(text) > maxUIM {
		return gsp.Claim{}, errors.New("not of 1 to 256 characters")
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] >= 0x7f {
			return gsp.Claim{}, errors.New("not printable ASCII")
		}
	}
	return gsp.Claim{UIM: gsp.NewUIM(text), Count: 1}, nil
}

// setParameter sets n, level or party. An unknown name is an error: count=900
// for n=900 would be lost in silence.
func setParameter(c *gsp.Claim, name, value string) error {
	switch name {
	case "n":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxCount {
			return errors.New("n is not a number from 1")
		}
		c.Count = n
	case "level":
		level, ok := gsp.ParseLevel(value)
		if !ok || level == gsp.LevelUnknown {
			return errors.New("not a level")
		}
		c.Level = level
	case "party":
		party, err := gsp.ParsePartyID(value)
		if err != nil {
			return errors.New("not a Party")
		}
		c.Party = party
	default:
		return errors.New("unknown parameter")
	}
	return nil
}

// subjectClaims reads the tags of a subject, "[uim CODE n=12]", for clients
// that cannot add header fields. A tag has the parameters of a member of
// GSP-UIM, parted by white space.
func subjectClaims(subject string) ([]gsp.Claim, error) {
	if strings.Contains(subject, "=?") {
		if text, err := words.DecodeHeader(subject); err == nil {
			subject = text
		}
	}
	var claims []gsp.Claim
	for {
		tag, rest, found, err := cutTag(subject)
		if err != nil {
			return nil, brokenTag(err)
		}
		if !found {
			return claims, nil
		}
		if len(claims) == maxClaims {
			return nil, tooMany("the subject has more than 1,000 UIMs")
		}
		claim, err := readTag(tag)
		if err != nil {
			return nil, brokenTag(err)
		}
		claims = append(claims, claim)
		subject = rest
	}
}

// cutTag returns what stands between the next "[uim" and its "]". No UIM
// holds either bracket: they are not in the invariant set of ISO 646.
func cutTag(s string) (tag, rest string, found bool, err error) {
	for {
		_, after, ok := strings.Cut(s, "[")
		if !ok {
			return "", "", false, nil
		}
		s = after
		if len(s) < 4 || !strings.EqualFold(s[:3], "uim") {
			continue
		}
		// Some clients write a no-break space where two spaces stand. A colon or an
		// equals sign is a slip: the code behind it must not be lost in silence.
		switch next, _ := utf8.DecodeRuneInString(s[3:]); {
		case next == ':' || next == '=':
			return "", "", false, errors.New("no space behind uim")
		case next != ']' && !unicode.IsSpace(next):
			continue
		}
		if tag, rest, ok = strings.Cut(s[3:], "]"); !ok {
			return "", "", false, errors.New("no closing bracket")
		}
		return tag, rest, true, nil
	}
}

func readTag(tag string) (gsp.Claim, error) {
	words := strings.Fields(tag)
	if len(words) == 0 {
		return gsp.Claim{}, errors.New("no UIM")
	}
	claim, err := newClaim(words[0])
	if err != nil {
		return gsp.Claim{}, err
	}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		if err := setParameter(&claim, strings.ToLower(name), value); err != nil {
			return gsp.Claim{}, err
		}
	}
	return claim, nil
}

// FormatClaims writes claims as the value of GSP-UIM, on one line. It returns
// an error that shows no UIM where Read would not take one of them back.
func FormatClaims(claims []gsp.Claim) (string, error) {
	if len(claims) > maxClaims {
		return "", errors.New("format UIMs: more than 1,000; mask and count them")
	}
	var members []string
	for i, c := range claims {
		text := c.UIM.Reveal()
		if _, err := newClaim(text); err != nil {
			return "", fmt.Errorf("format UIM %d: %w", i+1, err)
		}
		if c.Count < 1 || c.Count > maxCount {
			return "", fmt.Errorf("format UIM %d: n is not a number from 1", i+1)
		}
		if _, ok := gsp.ParseLevel(string(c.Level)); !ok {
			return "", fmt.Errorf("format UIM %d: not a level", i+1)
		}
		if p, err := gsp.ParsePartyID(string(c.Party)); c.Party != "" && (err != nil || p != c.Party) {
			return "", fmt.Errorf("format UIM %d: not a Party", i+1)
		}
		members = append(members, member(text, c.Count, c.Level, c.Party))
	}
	value := strings.Join(members, ", ")
	if len(value) > maxField {
		return "", errors.New("format UIMs: longer than 60 KiB; mask and count them")
	}
	return value, nil
}

// member writes one member of GSP-UIM; defaults are left out.
func member(text string, n int, level gsp.Level, party gsp.PartyID) string {
	s := quote(text)
	if n != 1 {
		s += ";n=" + strconv.Itoa(n)
	}
	if level != gsp.LevelUnknown {
		s += ";level=" + string(level)
	}
	if party != "" {
		s += ";party=" + string(party)
	}
	return s
}

// quote writes a String (RFC 9651, section 4.1.6). What cannot stand in one is
// hidden by "#", as in a mask.
func quote(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= 0x7f:
			b = append(b, '#')
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

func tooMany(cause string) error {
	return &gsp.Refusal{
		Reason: gsp.TooManyUIMs,
		Cause:  cause,
		Remedy: "mask the UIMs and count those that have the same mask, with ;n=900 behind it, or send several mails",
	}
}

func brokenUIM(cause string, err error) error {
	return &gsp.Refusal{
		Reason: gsp.BrokenUIM,
		Cause:  cause,
		Remedy: `write each UIM in double quotes, with a backslash before " and \ inside, then ;n=, ;level= or ;party= where wanted, and commas between them`,
		Err:    err,
	}
}

func brokenTag(err error) error {
	return &gsp.Refusal{
		Reason: gsp.BrokenUIM,
		Cause:  "the UIM in the subject cannot be read",
		Remedy: "write [uim CODE] or [uim CODE n=12 level=unit party=ke] into the subject",
		Err:    err,
	}
}
