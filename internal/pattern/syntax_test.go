package pattern_test

import (
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/pattern"
)

// TestCompileErrors checks that what cannot be a pattern, or would cost too
// much, is refused with its place and a reason, at once.
func TestCompileErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", "character 1: an element is missing"},
		{"white space", " \t", "character 3: an element is missing"},
		{"all optional", "[N1]", "everything in it may be left out"},
		{"a lost separator only", "[GS]", "everything in it may be left out"},
		{"open quote", `"QC`, "character 1: the closing quote is missing"},
		{"empty literal", `"" N8`, "a literal is empty"},
		{"space in a literal", `"Q C"`, `' ' cannot be in a UIM; or a closing quote is missing`},
		{"hidden character", `"Q#"`, `'#' cannot be in a UIM`},
		{"separator in a literal", `"Q^"`, `'^' cannot be in a UIM`},
		{"letter beyond ASCII", `"É"`, "'É' cannot be in a UIM"},
		{"unknown alphabet", "B8", `character 1: 'B' is no alphabet; there are N A U L H X Y Z P, GS, YYMMDD and YYMMDDhh, and fixed text stands in quotes`},
		{"no count", "N", "a number of characters is missing"},
		{"no most", "N1..", `a number is missing after ".."`},
		{"zero", "N0", "0 to 0 characters is no range"},
		{"reversed", "N9..7", "9 to 7 characters is no range"},
		{"too long a run", "X129", "at most 128 characters"},
		{"absurd count", "X" + strings.Repeat("9", 400), "at most 128 characters"},
		{"too long a whole", "X100 X100", "no code of at most 128 characters fits"},
		{"no colon", "serial N8", `character 1: "serial" must be followed by ":"`},
		{"nothing named", "serial:", "an element is missing at the end"},
		{"open bracket", "(N8", `')' is missing`},
		{"wrong bracket", "(N8]", `')' is missing`},
		{"closing only", "N8)", `character 3: ')' closes nothing`},
		{"empty alternative", "(N8|)", "an element is missing here"},
		{"unknown check", "N8,crc", `"crc" is no check; there are csum`},
		{"no check", "N8,", `"" is no check`},
		{"check of a group", "(N8|N9),csum", "a check belongs to an element"},
		{"check from nowhere", "N8,mod9710(serial)", `no element named "serial"`},
		{"check from behind", "check:N2,mod9710(serial) serial:N8", `no element named "serial"`},
		{"check without a name", "N8,mod9710()", "want the name of an element"},
		{"letters under a digit check", "U8,csum", "csum reads the alphabet N only"},
		{"nesting", "(((((N1)))))", "more than 4 brackets"},
		{"alternatives", strings.Repeat("[N1]", 7) + "N1", "more than 64 ways"},
		{"many alternatives", strings.Repeat("N1|", 65) + "N1", "more than 64 ways"},
		{"lengths", "X..20 X..20 X..20", "more than 512 ways to choose lengths"},
		{"lengths that never end", `X..90 X..90 X..90 "` + strings.Repeat("a", 126) + `"`, "no code of at most 128"},
		{"checks", "N1" + strings.Repeat(",luhn", 7), "more than 6 checks"},
		{"a megabyte", strings.Repeat("N1 ", 350_000), "at most 512 characters"},
	}
	for _, tt := range tests {
		begin := time.Now()
		_, err := pattern.Compile(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%s: took %s", tt.name, took)
		}
	}
}
