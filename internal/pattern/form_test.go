package pattern_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// Codes of GS1's own example, with a serial in place of its TPX, and as EU
// issuers use it.
const (
	sgtin = "010952114189456921A1b2C3"
	upui  = "010952114189456923551qIgY)<&Jp3*j7'SDB"
	sscc  = "00095200000000000127"
)

// TestElementStrings reads element strings as scanners deliver them: elements
// in any order, separators where GS1 wants them. What is no part of the UIM
// changes nothing.
func TestElementStrings(t *testing.T) {
	l := shipped(t)
	ordered, left := pattern.ElementsOrdered, pattern.AttributesLeft
	tests := []struct {
		name, code, canonical string
		changes               []pattern.Change // besides SeparatorRead
	}{
		{"batch", sgtin + "\x1d10LOT1", sgtin, []pattern.Change{left}},
		{"expiry", sgtin + "\x1d17280100", sgtin, []pattern.Change{left}},
		{"expiry first", "0109521141894569" + "17280131" + "21A1b2C3", sgtin, []pattern.Change{left}},
		{"serial before product", "21A1b2C3\x1d0109521141894569", sgtin, []pattern.Change{ordered}},
		{"batch before serial", "010952114189456910LOT1\x1d21A1b2C3", sgtin, []pattern.Change{left}},
		{"four in medicine's order", "010952114189456921A1b2C3\x1d1728013110LOT1", sgtin, []pattern.Change{left}},
		{"all of it", "1728013111250131" + "0109521141894569" + "10LOT1\x1d21A1b2C3\x1d3010\x1d3710\x1d8005000500\x1d91x\x1d99y", sgtin, []pattern.Change{left}},
		{"a separator after a length laid down", "0109521141894569\x1d17280131\x1d21A1b2C3\x1d", sgtin, []pattern.Change{left}},
		{"weight and amount", "0109521141894569" + "3103001500" + "3922999\x1d21A1b2C3", sgtin, []pattern.Change{left}},
		{"price on an SGTIN", "010952114189456921A1b2C3D4\x1d8005000500", "010952114189456921A1b2C3D4", []pattern.Change{left}},
		{"EU, batch", upui + "\x1d10LOT1", upui, []pattern.Change{left}},
		{"EU, time stamp and batch", upui + "\x1d800824031514\x1d10LOT1", upui, []pattern.Change{left}},
		{"EU, batch before time stamp", upui + "\x1d10LOT1\x1d800824031514", upui, []pattern.Change{left}},
		{"EU, national data", upui + "\x1d91abc\x1d99def", upui, []pattern.Change{left}},
		{"EU, time stamp first", "800824031514\x1d23551qIgY)<&Jp3*j7'SDB\x1d0109521141894569", upui, []pattern.Change{ordered}},
		{"Russian carton in another order", `010460081800787993dGVz` + "\x1d" + `8005095000` + "\x1d" + `21t"XzgHU`, `010460081800787921t"XzgHU^8005095000`, []pattern.Change{ordered}},
		{"a pallet's label", sscc + "0209521141894569" + "3712\x1d10LOT1", sscc, []pattern.Change{left}},
		{"a product without a serial", "0109521141894569" + "17280131" + "10LOT1", "0109521141894569", []pattern.Change{left}},
		{"a machine, its issuer first", "704051q_\x1d8004952114112345", "8004952114112345^704051q_", []pattern.Change{ordered}},
		{"masked", "01##############21######\x1d10####", "01##############21######", []pattern.Change{left}},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		if got := a.Canonical.Reveal(); got != tt.canonical || len(a.Candidates) == 0 {
			t.Errorf("%s: got %s, %s, want %s", tt.name, a.Outcome, got, tt.canonical)
		}
		got := slices.DeleteFunc(slices.Clone(a.Changes), func(c pattern.Change) bool { return c == pattern.SeparatorRead })
		if !slices.Equal(got, tt.changes) {
			t.Errorf("%s: got changes %v, want %v", tt.name, got, tt.changes)
		}
		if len(a.Suggestions) > 0 {
			t.Errorf("%s: got %s offered, want nothing", tt.name, a.Suggestions[0].Why)
		}
	}
	for name, code := range map[string]string{
		"a date that is none":       sgtin + "\x1d17281331",
		"an unknown identifier":     sgtin + "\x1d890LOT1",
		"a batch that is too long":  sgtin + "\x1d10" + strings.Repeat("L", 21),
		"an identifier twice":       sgtin + "\x1d21A1b2C3",
		"a time stamp that is none": upui + "\x1d800824033214\x1d10L",
	} {
		if a := l.Resolve(gsp.NewUIM(code), seized); len(a.Candidates) > 0 {
			t.Errorf("%s: got %s, want no pattern that fits", name, a.Candidates[0].Entry.ID)
		}
	}
}

// TestPartysOrderCounts checks that a pattern with its elements in an order
// of its own is found whatever the order of the scan.
func TestPartysOrderCounts(t *testing.T) {
	l, err := pattern.Parse("batch.toml", []byte(`name = "batch"
issued = 2026-01-01
[[entry]]
id = "batch"
party = "zz"
title = "a code with a batch"
evidence = "synthetic"
pattern = '"01" gtin:N14,csum "10" batch:X3 GS "21" serial:X6'
samples = ["(01)09521141894569(10)ABC(21)123456"]
`))
	if err != nil {
		t.Fatal(err)
	}
	const want = "010952114189456910ABC^21123456"
	for _, code := range []string{want, "(01)09521141894569(21)123456(10)ABC", "21123456^10ABC^0109521141894569", "https://x.example/01/09521141894569/10/ABC/21/123456"} {
		if a := l.Resolve(gsp.NewUIM(code), seized); a.Canonical.Reveal() != want || a.Party() != "zz" {
			t.Errorf("%s: got %s, %s, want %s", code, a.Outcome, a.Canonical.Reveal(), want)
		}
	}
}

// TestSpellings reads what programs on the way to us write around and inside
// a code. The codes are GS1's example and those of TestRealFormats.
func TestSpellings(t *testing.T) {
	l := shipped(t)
	const (
		eu = "QCALLaB3dE5fG7X1y2"
		ru = "00000046209849Uon<TYfACyAJPHJ"
		ke = "KE730214477"
	)
	tests := []struct {
		name, code, canonical string
		change                pattern.Change // one of them
	}{
		{"STX and ETX", "\x02" + eu + "\x03", eu, pattern.FramingRemoved},
		{"STX, ETX and line end", "\x02" + eu + "\x03\r\n", eu, pattern.FramingRemoved},
		{"STX, ETX and a check character", "\x02" + eu + "\x03k", eu, pattern.FramingRemoved},
		{"frame and symbology", "\x02]d1" + eu + "\x03", eu, pattern.FramingRemoved},
		{"pictures of STX and ETX", "\u2402" + eu + "\u2403", eu, pattern.FramingRemoved},
		{"names of STX and ETX", "<STX>" + eu + "<ETX><CR><LF>", eu, pattern.FramingRemoved},
		{"element string in a frame", "\x02]d2" + upui + "\x1d10LOT\x03", upui, pattern.FramingRemoved},

		{"percent-encoded signs", "00000046209849Uon%3CTYfACyAJPHJ", ru, pattern.EncodingRead},
		{"percent-encoded brackets", "%2801%2909521141894569%2821%29A1b2C3", sgtin, pattern.EncodingRead},
		{"percent-encoded separator", sgtin + "%1D10LOT1", sgtin, pattern.SeparatorRead},
		{"percent-encoded separator, serial first", "21A1b2C3%1d0109521141894569", sgtin, pattern.EncodingRead},
		{"separator that could be a serial", upui + "%1D800824031514", upui, pattern.SeparatorRead},
		{"entity", "00000046209849Uon&lt;TYfACyAJPHJ", ru, pattern.EncodingRead},
		{"entities in what may be anything", "010952114189456923551qIgY)&lt;&amp;Jp3*j7&#39;SDB", upui, pattern.EncodingRead},
		{"entity of the separator", sgtin + "&#29;10LOT1", sgtin, pattern.EncodingRead},
		{"entity of the separator, in hexadecimal", sgtin + "&#x1D;10LOT1", sgtin, pattern.EncodingRead},
		{"entity of an entity", "00000046209849Uon&amp;lt;TYfACyAJPHJ", ru, pattern.EncodingRead},
		{"entities of brackets", "&#40;01&#41;09521141894569&lpar;21&rpar;A1b2C3", sgtin, pattern.EncodingRead},
		{"entity of a separator's name", sgtin + "&lt;GS&gt;10LOT1", sgtin, pattern.SeparatorRead},

		{"a formula", "=" + ke, ke, pattern.QuotesRemoved},
		{"a text", "'" + ke, ke, pattern.QuotesRemoved},
		{"a formula that is a text", `="` + ke + `"`, ke, pattern.QuotesRemoved},
		{"a text in what may be anything", `="` + upui + `"`, upui, pattern.QuotesRemoved},
		{"an apostrophe before brackets", "'(01)09521141894569(21)A1b2C3", sgtin, pattern.QuotesRemoved},

		{"square brackets", "[01]09521141894569[21]A1b2C3", sgtin, pattern.BracketsRead},
		{"curly brackets", "{01}09521141894569{21}A1b2C3{10}LOT1", sgtin, pattern.BracketsRead},
		{"square brackets after a symbology", "]d2[01]09521141894569[21]A1b2C3", sgtin, pattern.BracketsRead},
		{"brackets with a batch and a date", "(01)09521141894569(10)LOT1(17)280131(21)A1b2C3", sgtin, pattern.AttributesLeft},
		{"brackets with a short product number", "(01)9521141894569(21)A1b2C3", sgtin, pattern.BracketsRead},

		{"link with a port", "https://id.gs1.org:8443/01/09521141894569/21/A1b2C3", sgtin, pattern.LinkRead},
		{"link with the port of its scheme", "https://stamp.example:443/v/aB3-dE5_fG7x", "https://stamp.example/v/aB3-dE5_fG7x", pattern.HostFolded},
		{"link without scheme", "id.gs1.org/01/09521141894569/235/51qIgY)%3C%26Jp3*j7'SDB", upui, pattern.LinkRead},
		{"link without scheme, in capitals", "STAMP.EXAMPLE/v/aB3-dE5_fG7x", "https://stamp.example/v/aB3-dE5_fG7x", pattern.LinkRead},
		{"link with names", "https://x.example/gtin/9521141894569/ser/A1b2C3", sgtin, pattern.LinkRead},
		{"link with names and a batch", "https://x.example/gtin/09521141894569/lot/LOT1/ser/A1b2C3?exp=280131", sgtin, pattern.LinkRead},
		{"link of a pallet", "https://x.example/sscc/095200000000000127/", sscc, pattern.LinkRead},
		{"element string in the query", "https://x.example/p?01=09521141894569&21=A1b2C3", sgtin, pattern.LinkRead},
		{"names in the query", "https://x.example/?gtin=9521141894569&ser=A1b2C3&lang=en", sgtin, pattern.LinkRead},
		{"code in the query", "https://check.example/?lang=en&code=" + ke, ke, pattern.LinkRead},
		{"code in the query, without a path", "https://check.example?c=" + ke, ke, pattern.LinkRead},
		{"brackets in the query", "https://check.example/?q=(01)09521141894569(21)A1b2C3", sgtin, pattern.LinkRead},
		{"encoded element string in the query", "https://check.example/?q=%5Dd2010952114189456921A1b2C3%1D10LOT1", sgtin, pattern.LinkRead},

		{"joined date", eu + "-24031514", eu, ""},
		{"joined date, with a slash", eu + " / 24031514", eu, pattern.SpacesRemoved},
		{"joined date, aggregated", "QCALLk9Lm2Np4QQCALL7Rs0-24031608", "QCALLk9Lm2Np4QQCALL7Rs024031608", ""},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		if got := a.Canonical.Reveal(); got != tt.canonical || len(a.Candidates) == 0 {
			t.Errorf("%s: got %s, %s, want %s", tt.name, a.Outcome, got, tt.canonical)
		}
		if tt.change != "" && !slices.Contains(a.Changes, tt.change) || tt.change == "" && len(a.Changes) > 0 {
			t.Errorf("%s: got changes %v, want %s", tt.name, a.Changes, tt.change)
		}
		if a.Raw.Reveal() != tt.code {
			t.Errorf("%s: the raw form is lost", tt.name)
		}
		if v := l.Judge(gsp.NewUIM(tt.code), seized); v.Entry != a.Candidates[0].Entry {
			t.Errorf("%s: a list gets %s, want %s", tt.name, v.Outcome, a.Outcome)
		}
	}
}

// TestOffers checks what is only offered although a pattern fits: the serial
// may be anything, so nobody can know.
func TestOffers(t *testing.T) {
	l := shipped(t)
	tests := []struct {
		name, code, canonical string
		why                   pattern.Slip // "" for none
		offered               string
	}{
		{"expiry and batch after a lost separator", sgtin + "1728013110LOT", sgtin + "1728013110LOT", pattern.LostSeparator, sgtin},
		{"batch after a lost separator", sgtin + "10LOT1", sgtin + "10LOT1", pattern.LostSeparator, sgtin},
		{"batch in an EU code", upui + "10LOT1", upui + "10LOT1", pattern.LostSeparator, upui},
		{"percent-encoding that could be a serial", "010952114189456923551qIgY)%3C%26Jp3*j7'SDB", "010952114189456923551qIgY)%3C%26Jp3*j7'SDB", pattern.WebEncoding, upui},
		{"date joined to what may be anything", "QCUKTaB3dE5fG7X1y2-24031514", "QCUKTaB3dE5fG7X1y2-", pattern.JoinedDate, "QCUKTaB3dE5fG7X1y2"},
		{"date joined to an EU code", upui + "/24031514", upui + "/24031514", pattern.JoinedDate, upui},
		{"digits alone", "010952114189456921101011", "010952114189456921101011", "", ""},
		{"an honest serial", sgtin, sgtin, "", ""},
		{"a mask", "01##############21######", "01##############21######", "", ""},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		if got := a.Canonical.Reveal(); got != tt.canonical || len(a.Candidates) == 0 {
			t.Errorf("%s: got %s, %s, want %s", tt.name, a.Outcome, got, tt.canonical)
		}
		switch {
		case tt.why == "" && len(a.Suggestions) > 0:
			t.Errorf("%s: got %s offered, want nothing", tt.name, a.Suggestions[0].Why)
		case tt.why == "":
		case len(a.Suggestions) == 0 || a.Suggestions[0].Why != tt.why || a.Suggestions[0].UIM.Reveal() != tt.offered:
			t.Errorf("%s: got %v, want %s %s", tt.name, a.Suggestions, tt.why, tt.offered)
		case !strings.Contains(a.Sentence, "; but ") || !strings.Contains(a.Sentence, "another code of that kind"):
			t.Errorf("%s: got sentence %q, want that it may be another", tt.name, a.Sentence)
		}
	}
}

// TestMaskedNearMisses explains masks that fit nothing, and those that fit
// only what says little.
func TestMaskedNearMisses(t *testing.T) {
	l := shipped(t)
	tests := []struct {
		name, code string
		entry      string
		fault      pattern.Fault
		from, to   int
	}{
		{"another beginning", "KE8########", "ke-stamp-3", pattern.WrongCharacter, 2, 3},
		{"too few", "KE7######", "ke-stamp", pattern.CutShort, 9, 11},
		{"too many", "KE7#########", "ke-stamp", pattern.Overlong, 11, 12},
		{"one too few of an EU code", "QCALL############", "eu-qcall-unit", pattern.CutShort, 17, 18},
		{"a date that is none", "QCALL#############24033214", "eu-qcall-unit", pattern.FailedCheck, 18, 26},
		{"a letter for a digit", "ZZTEST#########a", "zz-unit", pattern.WrongCharacter, 15, 16},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		if n := a.Near; n == nil {
			t.Errorf("%s: got %s, want it explained", tt.name, a.Outcome)
		} else if n.Entry.ID != tt.entry || n.Fault != tt.fault || n.From != tt.from || n.To != tt.to {
			t.Errorf("%s: got %s %s %d:%d, want %s %s %d:%d", tt.name, n.Entry.ID, n.Fault, n.From, n.To, tt.entry, tt.fault, tt.from, tt.to)
		}
	}
	for _, code := range []string{"KE7########", "QCALL#############", "AB########", "##########1"} {
		if a := l.Resolve(gsp.NewUIM(code), seized); a.Near != nil {
			t.Errorf("%s: got nearly %s, want nothing", code, a.Near.Entry.ID)
		}
	}
}

// TestNothingShown: a mask that hides all leads to nobody.
func TestNothingShown(t *testing.T) {
	l := shipped(t)
	for n := 1; n <= 60; n++ {
		u := gsp.NewUIM(strings.Repeat("#", n))
		a := l.Resolve(u, seized)
		if a.Party() != "" || !strings.Contains(a.Sentence, "hidden") {
			t.Errorf("%d hidden characters: got %s, %q", n, a.Outcome, a.Sentence)
		}
		if v := l.Judge(u, seized); v.Outcome != a.Outcome {
			t.Errorf("%d hidden characters: a list gets %s, want %s", n, v.Outcome, a.Outcome)
		}
	}
}

// TestNothingShownToOne: nor where only one Party has codes of that length.
func TestNothingShownToOne(t *testing.T) {
	l, err := pattern.Parse("one.toml", []byte("name = 'one'\nissued = 2026-01-01\n[[entry]]\nid = 'one'\nparty = 'zz'\ntitle = 'a code'\nevidence = 'synthetic'\npattern = '\"ZZ\" serial:N12'\nsamples = ['ZZ000000000000']\n"))
	if err != nil {
		t.Fatal(err)
	}
	u := gsp.NewUIM("##############")
	if a := l.Resolve(u, seized); a.Outcome != pattern.Ambiguous || len(a.Candidates) != 1 || l.Judge(u, seized).Outcome != a.Outcome {
		t.Errorf("got %s of %d, want ambiguous of 1", a.Outcome, len(a.Candidates))
	}
}

// TestFormsOfExamples writes examples of every entry in other ways and reads
// them back: each is the same UIM.
func TestFormsOfExamples(t *testing.T) {
	l := shipped(t)
	escape := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[s[i]>>4])+string("0123456789abcdef"[s[i]&15])))
		}
		return b.String()
	}
	entity := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "^", "&#29;")
	for _, e := range l.Entries() {
		for seed := range uint64(100) {
			u, ok := e.Example(seed)
			code := u.Reveal()
			if !ok || !isCanonical(u) {
				continue
			}
			want := l.Resolve(u, time.Time{}).Canonical
			for name, text := range map[string]string{
				"framed": "\x02" + code + "\x03\r\n", "escaped": escape(code), "entities": entity.Replace(code),
				"a text": `="` + code + `"`,
			} {
				got := l.Resolve(gsp.NewUIM(text), time.Time{})
				if got.Canonical != want && name != "escaped" || name == "escaped" && got.Canonical != want && len(text) <= 1024 && !weak(l, code) {
					t.Errorf("%s, %s: got %s of %s, want %s", e.ID, name, got.Canonical.Reveal(), text, want.Reveal())
				}
			}
		}
	}
}

// weak reports whether a code fits only what says little.
func weak(l *pattern.Library, code string) bool {
	a := l.Resolve(gsp.NewUIM(code), time.Time{})
	return len(a.Candidates) == 0 || a.Candidates[0].Weak
}
