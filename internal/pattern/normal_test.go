package pattern_test

import (
	"slices"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// TestNormalise walks the spellings that scanners, spreadsheets and mails
// deliver. The codes are those of TestRealFormats.
func TestNormalise(t *testing.T) {
	l := shipped(t)
	const (
		eu  = "QCALLaB3dE5fG7X1y2"
		gs1 = "010952114189456923551qIgY)<&Jp3*j7'SDB"
		ru  = `010460081800787921t"XzgHU^8005095000`
	)
	tests := []struct {
		name, code, canonical string
		changes               []pattern.Change
	}{
		{"as it is", eu, eu, nil},
		{"AIM identifier", "]Q1" + eu, eu, []pattern.Change{pattern.SymbologyRemoved}},
		{"AIM identifier and FNC1", "]d2\x1d" + gs1 + "\x1d", gs1, []pattern.Change{pattern.SymbologyRemoved, pattern.SeparatorRead}},
		{"quotes of a spreadsheet", `"` + eu + `"`, eu, []pattern.Change{pattern.QuotesRemoved}},
		{"quotes of a word processor", "\u201c" + eu + "\u201d", eu, []pattern.Change{pattern.FormsFolded, pattern.QuotesRemoved}},
		{"no-break space and tab", "\tQCALL\u00a0aB3dE5fG7X1y2 ", eu, []pattern.Change{pattern.SpacesRemoved}},
		{"direction marks", "\u2068QCALL\u200eaB3dE5fG7X1y2\u2069", eu, []pattern.Change{pattern.SpacesRemoved}},
		{"soft hyphen and byte order mark", "\ufeffQCALLaB3dE5\u00adfG7X1y2", eu, []pattern.Change{pattern.SpacesRemoved}},
		{"full-width", "\uff31\uff23\uff21\uff2c\uff2caB3dE5fG7X1y2", eu, []pattern.Change{pattern.FormsFolded}},
		{"Arabic digits", "KE\u0667\u0663\u0660\u0662\u0661\u0664\u0664\u0667\u0667", "KE730214477", []pattern.Change{pattern.DigitsFolded}},
		{"separators as text", `010460081800787921t"XzgHU<GS>8005095000{GS}930p2J` + "\u241d24014518552", ru, []pattern.Change{pattern.SeparatorRead}},
		{"separators of a keyboard", `010460081800787921t"XzgHU^]8005095000|930p2J~24014518552`, ru, []pattern.Change{pattern.SeparatorRead}},
		{"separators leaked", "010460081800787921t\"XzgHU\u00e88005095000\u00e8930p2J\u00e824014518552", ru, []pattern.Change{pattern.SeparatorRead}},
		{"separators lost", `010460081800787921t"XzgHU8005095000930p2J24014518552`, ru, nil},
		{"date after a lost separator", gs1 + "800824031514", gs1, nil},
		{"brackets", "(01)09521141894569(235)51qIgY)<&Jp3*j7'SDB", gs1, []pattern.Change{pattern.BracketsRead}},
		{"brackets, other order", "(235)51qIgY)<&Jp3*j7'SDB(01)09521141894569", gs1, []pattern.Change{pattern.BracketsRead, pattern.ElementsOrdered}},
		{"brackets with a date", "(01) 09521141894569 (235) 51qIgY)<&Jp3*j7'SDB (8008) 24031514", gs1, []pattern.Change{pattern.SpacesRemoved, pattern.BracketsRead}},
		{"Digital Link", "https://id.gs1.org/01/09521141894569/235/51qIgY)%3C%26Jp3*j7'SDB", gs1, []pattern.Change{pattern.LinkRead}},
		{"Digital Link in capitals", "HTTPS://ID.GS1.ORG/01/09521141894569/235/51qIgY)%3C%26Jp3*j7'SDB", gs1, []pattern.Change{pattern.HostFolded, pattern.LinkRead}},
		{"a link that was shared", "https://stamp.example/v/aB3-dE5_fG7x?utm_source=mail&fbclid=1&gclid=2", "https://stamp.example/v/aB3-dE5_fG7x", []pattern.Change{pattern.TrackingRemoved}},
		{"Digital Link with a path, a short GTIN and tracking", "http://x.example/some/path/01/9521141894569/235/51qIgY)%3C%26Jp3*j7'SDB?utm_source=a&8008=24031514&linkType=all", gs1, []pattern.Change{pattern.TrackingRemoved, pattern.LinkRead}},
		{"Digital Link, long", "https://id.gs1.org/01/09521141894569/235/51qIgY)%3C%26Jp3*j7'SDB?utm_source=seizure&utm_medium=mail&utm_campaign=a_very_long_name_of_a_campaign", gs1, []pattern.Change{pattern.TrackingRemoved, pattern.LinkRead}},
		{"EPC URN", "urn:epc:id:upui:9521141.089456.51qIgY)%3C%26Jp3*j7'SDB", gs1, []pattern.Change{pattern.URNRead}},
		{"EPC URN of a case", "urn:epc:id:sscc:952000.00000000012", "00095200000000000127", []pattern.Change{pattern.URNRead}},
		{"masked with brackets", "(01)##############(235)51q################", "01##############23551q################", []pattern.Change{pattern.BracketsRead}},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		if got := a.Canonical.Reveal(); got != tt.canonical {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.canonical)
		}
		if !slices.Equal(a.Changes, tt.changes) {
			t.Errorf("%s: got changes %v, want %v", tt.name, a.Changes, tt.changes)
		}
		if a.Raw.Reveal() != tt.code {
			t.Errorf("%s: the raw form is lost", tt.name)
		}
	}
}

// TestSuggestions checks what is offered and not applied.
func TestSuggestions(t *testing.T) {
	l := shipped(t)
	tests := []struct {
		name, code string
		why        pattern.Slip
		offered    string
	}{
		{"Cyrillic look-alikes", "КЕ730214477", pattern.LookAlike, "KE730214477"},
		{"small letters", "ke730214477", pattern.WrongCase, "KE730214477"},
		{"Russian keyboard", "ЙСФДДфИ3вУ5аП7Ч1н2", pattern.WrongKeyboard, "QCALLaB3dE5fG7X1y2"},
		{"Greek keyboard", ":ΨΑΛΛαΒ3δΕ5φΓ7Χ1υ2", pattern.WrongKeyboard, "QCALLaB3dE5fG7X1y2"},
		{"French keyboard", "KEè\"à é&''èè", pattern.WrongKeyboard, "KE730214477"},
		{"hyphens", "KE7-3021-4477", pattern.Grouping, "KE730214477"},
		{"the letters of the symbol", "TTT QCALLaB3dE5fG7X1y224031514", pattern.ExtraText, "QCALLaB3dE5fG7X1y2"},
		{"a label", "UIM: KE730214477", pattern.ExtraText, "KE730214477"},
		{"a web page, carelessly", "00000046209849Uon&ltTYfACyAJPHJ", pattern.WebEncoding, "00000046209849Uon<TYfACyAJPHJ"},
		{"the path of a link", "https://check.example/v1/KE730214477/en", pattern.ExtraText, "KE730214477"},
		{"crosses for hidden characters", "KE7xxxxxxxx", pattern.Placeholder, "KE7########"},
		{"a mask in small letters", "ke7########", pattern.WrongCase, "KE7########"},
		{"separators lost after the batch", "10LOT1010952114189456921A1b2C3", pattern.LostSeparator, "010952114189456921A1b2C3"},
		{"separators lost, too long for a serial", "010952114189456921A1b2C310LOTX117280101", pattern.LostSeparator, "010952114189456921A1b2C3"},
		{"stars for hidden characters", "KE7********", pattern.Placeholder, "KE7########"},
		{"O for zero", "KE73O214477", pattern.LookAlike, "KE730214477"},
		{"zeros lost in a spreadsheet", "95200000000000127", pattern.LostZeros, "095200000000000127"},
		{"end of a sentence", "KE730214477.", pattern.Punctuation, "KE730214477"},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		if a.Outcome != pattern.NearlyMatches || len(a.Suggestions) == 0 {
			t.Errorf("%s: got %s with %d suggestions, want near-miss", tt.name, a.Outcome, len(a.Suggestions))
			continue
		}
		if s := a.Suggestions[0]; s.Why != tt.why || s.UIM.Reveal() != tt.offered {
			t.Errorf("%s: got %s %s, want %s %s", tt.name, s.Why, s.UIM.Reveal(), tt.why, tt.offered)
		}
		if a.Party() != "" {
			t.Errorf("%s: got Party %s, want none", tt.name, a.Party())
		}
	}
}

// FuzzNormalise checks that spelling a code canonically twice changes
// nothing, and that no text makes a lookup fail.
func FuzzNormalise(f *testing.F) {
	l := shipped(f)
	for _, e := range l.Entries() {
		for _, s := range e.Samples {
			f.Add(s)
		}
	}
	for _, s := range []string{
		"21A1b2C3\x1d0109521141894569\x1d10LOT", "01##############21A^10##", "010952114189456921A10LOT17280131", "%2801%29", "&amp;&#29;&lt;GS&gt;",
		"\x02]d1KE730214477\x03k", `=""=KE7`, "''KE730214477", "[01]09521141894569{21}A", "x.example:443/01/9521141894569/21/A?x=%3Cy",
		"HTTPS://x.example:443?q=(01)09521141894569(21)A%1D10B", "KE7########/24031514", "^^####",
	} {
		f.Add(s)
	}
	for _, s := range []string{"]d2\x1d01", `"'"'`, "(01)(01)", "((", "^^<GS>^", "https://a/01/1/21/%", "urn:epc:id:sscc:.", "urn:epc:id:sscc:95200%C3.00000000012", "<G<GS>S>", "è", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first := l.Resolve(gsp.NewUIM(text), seized)
		if first.Broken != "" {
			return
		}
		if v := l.Judge(first.Raw, seized); len(first.Candidates) > 0 && v.Entry != first.Candidates[0].Entry {
			t.Errorf("%q: a list gets %s, want %s", text, v.Outcome, first.Outcome)
		}
		again := l.Resolve(first.Canonical, seized)
		if again.Canonical != first.Canonical || len(again.Changes) > 0 {
			t.Errorf("%q: got %q, then %q with %v", text, first.Canonical.Reveal(), again.Canonical.Reveal(), again.Changes)
		}
		// What a mask still shows beside its date can fit another entry better.
		if first.Outcome == pattern.Unique && !first.Masked {
			if again.Outcome != pattern.Unique || again.Candidates[0].Entry != first.Candidates[0].Entry {
				t.Errorf("%q: got %s, then %s", text, first.Outcome, again.Outcome)
			}
		}
	})
}

// TestWeakIsDoubted checks that a code which fits an entry with little
// evidence, and nearly one with much, is answered with both.
func TestWeakIsDoubted(t *testing.T) {
	l := shipped(t)
	tests := []struct {
		name, code string
		near       string // entry that is nearly fit, "" for none
		fault      pattern.Fault
		offered    pattern.Slip // "" for none
	}{
		{"one character lost", "QCALLaB3dE5fG7X1y22403151", "eu-qcall-unit", pattern.CutShort, ""},
		{"a sign in the serial", "QCALLaB3dE5-G7X1y2", "eu-qcall-unit", pattern.WrongCharacter, ""},
		{"two codes in one cell", "QCALLaB3dE5fG7X1y2,QCALLaB3dE5fG7X1y3", "", "", pattern.ExtraText},
		{"another issuer", "QCXYZaB3dE5fG7X1y2", "", "", ""},
		{"a mask", "QCXYZ#############", "", "", ""},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		if a.Party() != "eu" || a.Candidates[0].Entry.ID != "eu-qc-unit" {
			t.Errorf("%s: got %s, want eu-qc-unit", tt.name, a.Outcome)
			continue
		}
		switch {
		case tt.near == "" && a.Near != nil:
			t.Errorf("%s: got nearly %s, want nothing", tt.name, a.Near.Entry.ID)
		case tt.near != "" && (a.Near == nil || a.Near.Entry.ID != tt.near || a.Near.Fault != tt.fault):
			t.Errorf("%s: got %+v, want nearly %s by %s", tt.name, a.Near, tt.near, tt.fault)
		}
		switch {
		case tt.offered == "" && len(a.Suggestions) > 0:
			t.Errorf("%s: got %s offered, want nothing", tt.name, a.Suggestions[0].Why)
		case tt.offered != "" && (len(a.Suggestions) == 0 || a.Suggestions[0].Why != tt.offered):
			t.Errorf("%s: got %v, want %s offered", tt.name, a.Suggestions, tt.offered)
		}
	}
}
