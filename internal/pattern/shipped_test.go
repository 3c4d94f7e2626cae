package pattern_test

import (
	"testing"
	"time"

	"gsp.example/gsp/configs"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
)

// seized is the day that the tests' goods were found.
var seized = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func shipped(t testing.TB) *pattern.Library {
	t.Helper()
	l, err := pattern.Parse("gsp-library.toml", configs.Library)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestRealFormats walks the real and synthetic samples of the formats that
// officers meet.
func TestRealFormats(t *testing.T) {
	l := shipped(t)
	tests := []struct {
		name, code string
		outcome    pattern.Outcome
		entry      string
		canonical  string
		mask       string
	}{
		{"EU unit", "QCALLaB3dE5fG7X1y224031514", pattern.Unique, "eu-qcall-unit", "QCALLaB3dE5fG7X1y2", "QCALL#############"},
		{"EU unit without the date", "QCALLaB3dE5fG7X1y2", pattern.Unique, "eu-qcall-unit", "QCALLaB3dE5fG7X1y2", "QCALL#############"},
		{"EU unit with AIM identifier", "]d1QCALLaB3dE5fG7X1y2", pattern.Unique, "eu-qcall-unit", "QCALLaB3dE5fG7X1y2", "QCALL#############"},
		{"EU unit in two columns", "QCALL aB3dE5fG7 X1y2\u200b", pattern.Unique, "eu-qcall-unit", "QCALLaB3dE5fG7X1y2", "QCALL#############"},
		{"EU mask with a date", "QCALL#####################", pattern.Unique, "eu-qcall-unit", "QCALL#############", "QCALL#############"},
		{"EU aggregated", "QCALLk9Lm2Np4QQCALL7Rs024031608", pattern.Unique, "eu-qcall-aggregated", "", "QCALL##########################"},
		{"EU in GS1 form", "(01)09521141894569(235)51qIgY)<&Jp3*j7'SDB", pattern.Unique, "eu-gs1-unit", "010952114189456923551qIgY)<&Jp3*j7'SDB", "01##############23551q################"},
		{"EU in GS1 form with date", "]d2010952114189456923551qIgY)<&Jp3*j7'SDB\x1d800824031514", pattern.Unique, "eu-gs1-unit", "010952114189456923551qIgY)<&Jp3*j7'SDB", "01##############23551q################"},
		{"UK unit", "QCUKTaB3dE5fG7X1y224031514", pattern.Unique, "gb-qcukt-unit", "QCUKTaB3dE5fG7X1y2", "QCUKT#############"},
		{"EU serial that ends like a date", "QCXYZaB3dE5fG24010100", pattern.Unique, "eu-qc-unit", "QCXYZaB3dE5fG", "QCXYZ########"},
		{"several dates in a row", "QCXYZaB3dE5fG24010100240201002403010024040100", pattern.Unique, "eu-qc-unit", "QCXYZaB3dE5fG", "QCXYZ########"},
		{"the same with its date", "QCXYZaB3dE5fG2401010024031514", pattern.Unique, "eu-qc-unit", "QCXYZaB3dE5fG", "QCXYZ########"},
		{"Kenyan stamp", "KE730214477", pattern.Unique, "ke-stamp", "KE730214477", "KE7########"},
		{"Kenyan mask", "KE7########", pattern.Unique, "ke-stamp", "KE7########", "KE7########"},
		{"Russian pack", "00000046209849Uon<TYfACyAJPHJ", pattern.IsNonParty, "ru-pack", "", "#############################"},
		{"Russian carton, separators lost", `010460081800787921t"XzgHU8005095000930p2J24014518552`, pattern.IsNonParty, "ru-carton", `010460081800787921t"XzgHU^8005095000`, "01##############21#######^8005######"},
		{"Uzbek pack", "04780101164394TF&csaNNW1kK0tL", pattern.IsNonParty, "uz-pack", "", "#############################"},
		{"SSCC", "]C100095200000000000127", pattern.IsOperator, "gs1-sscc", "00095200000000000127", "00##################"},
		{"SGTIN", "(01)09521141894569(21)A1b2C3", pattern.IsProduct, "gs1-sgtin", "010952114189456921A1b2C3", ""},
		{"EAN-13", "4006381333931", pattern.IsProduct, "gs1-gtin", "", "#############"},
		{"Codentify", "A7B3K9P2X4M1", pattern.IsIndustry, "industry-codentify", "", "############"},
		{"Chinese carton", "2024031500123456\r\nSHYC123456789012", pattern.IsNonParty, "cn-carton", "", ""},
		{"sandbox", "ZZTEST0000000001", pattern.Unique, "zz-unit", "", "ZZTEST##########"},
		{"shared", "ZZBOTH0000000001", pattern.Ambiguous, "xx-shared", "", "ZZBOTH##########"},
		{"facility", "QCALL7Rs0", pattern.IsOperator, "eu-qcall-operator", "", ""},
		{"one wrong character", "QCALLaB3dE5-G7X1y2", pattern.Unique, "eu-qc-unit", "", ""},
		{"wrong check digit", "(01)09521141894568(235)51qIgY)<&Jp3*j7'SDB", pattern.NearlyMatches, "", "", "######################################"},
		{"nothing", "hello", pattern.Unknown, "", "", "#####"},
		{"foreign letters", "ЖЩ730214477", pattern.Unknown, "", "", ""},
		{"rounded by a spreadsheet", "9,52E+16", pattern.Unknown, "", "", ""},
		{"empty", " ", pattern.Unknown, "", "", ""},
	}
	for _, tt := range tests {
		a := l.Resolve(gsp.NewUIM(tt.code), seized)
		if a.Outcome != tt.outcome {
			t.Errorf("%s: got %s, want %s", tt.name, a.Outcome, tt.outcome)
			continue
		}
		if tt.entry != "" && a.Candidates[0].Entry.ID != tt.entry {
			t.Errorf("%s: got entry %s, want %s", tt.name, a.Candidates[0].Entry.ID, tt.entry)
		}
		if got := a.Canonical.Reveal(); tt.canonical != "" && got != tt.canonical {
			t.Errorf("%s: got canonical %s, want %s", tt.name, got, tt.canonical)
		}
		if tt.mask != "" && a.Mask != tt.mask {
			t.Errorf("%s: got mask %s, want %s", tt.name, a.Mask, tt.mask)
		}
		t.Logf("%s: %s", tt.name, a.Sentence)
	}
}

// TestMaskOfShipped checks that a mask leads to the Party of its code, for
// samples and examples of every entry that has one, and that masking twice
// changes nothing.
func TestMaskOfShipped(t *testing.T) {
	l := shipped(t)
	for _, e := range l.Entries() {
		var codes []gsp.UIM
		for _, s := range e.Samples {
			codes = append(codes, gsp.NewUIM(s))
		}
		for seed := range uint64(50) {
			u, _ := e.Example(seed)
			codes = append(codes, u)
		}
		for _, u := range codes {
			whole := l.Resolve(u, time.Time{})
			masked := l.Resolve(gsp.NewUIM(whole.Mask), time.Time{})
			if whole.Party() != masked.Party() {
				t.Errorf("%s: got Party %q for mask %s of %s, want %q", e.ID, masked.Party(), whole.Mask, u.Reveal(), whole.Party())
			}
			if whole.Party() != "" && masked.Mask != whole.Mask {
				t.Errorf("%s: got mask %s of mask %s", e.ID, masked.Mask, whole.Mask)
			}
		}
	}
}
