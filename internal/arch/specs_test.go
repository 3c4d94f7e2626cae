package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// citation finds what the code cites: the document, and for treaty texts the
// article.
var citation = regexp.MustCompile(`\bRFC\s+\d+` +
	`|\bdraft-[a-z0-9]+(?:-[a-z0-9]+)*-\d\d\b` +
	`|\bFCTC/[A-Z]+/\d+/\d+` +
	`|(?:\(EU\)\s+)?\b2018/574(?:,\s+Articles?)?` + // before the next, which is another text's
	`|(?:\bProtocol,\s+)?\bArticle\s+\d+` +
	`|\bISO(?:/IEC)?\s+\d+(?:-\d)?` +
	`|\bGS1\s+General\s+Specifications`)

// canonical returns a citation as docs/specs.md names it.
func canonical(found string) string {
	found = strings.Join(strings.Fields(found), " ")
	switch {
	case strings.Contains(found, "2018/574"):
		return "(EU) 2018/574"
	case strings.HasPrefix(found, "Article"):
		return "Protocol, " + found
	}
	return found
}

// row finds a row of docs/specs.md: specification, title, how far it is obeyed.
var row = regexp.MustCompile(`(?m)^\|\s*([^|]*?)\s*\|\s*([^|]*?)\s*\|\s*([^|]*?)\s*\|$`)

func TestSpecsListWhatTheCodeCites(t *testing.T) {
	text, err := os.ReadFile("../../docs/specs.md")
	if err != nil {
		t.Fatal(err)
	}
	report(t, checkSpecs(ours(t), string(text)))
}

// checkSpecs holds the citations of a tree against the rows of docs/specs.md.
func checkSpecs(t tree, specs string) (problems []string) {
	cited := t.citations()
	listed := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(specs, -1) {
		name, title, obeyed := m[1], m[2], m[3]
		if name == "Specification" || strings.HasPrefix(name, "---") {
			continue // the table's head
		}
		if canonical(citation.FindString(name)) != name {
			problems = append(problems, fmt.Sprintf("docs/specs.md: %q is not how a document is cited", name))
			continue
		}
		if listed[name] != "" {
			problems = append(problems, fmt.Sprintf("docs/specs.md: %s has two rows", name))
		}
		listed[name] = obeyed
		state, why, _ := strings.Cut(obeyed, ": ")
		switch {
		case title == "":
			problems = append(problems, fmt.Sprintf("docs/specs.md: %s has no title", name))
		case state == "Yes":
		case (state == "Partial" || state == "No") && why != "":
		default:
			problems = append(problems, fmt.Sprintf("docs/specs.md: %s: got %q, want Yes, or Partial or No with the reason", name, obeyed))
		}
		if state != "No" && cited[name] == "" {
			problems = append(problems, fmt.Sprintf("docs/specs.md: %s: %s, but no line of code cites it", name, state))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cited)) {
		if listed[name] == "" {
			problems = append(problems, fmt.Sprintf("docs/specs.md: no row for %s, which %s cites", name, cited[name]))
		}
	}
	return problems
}

// citations returns what comments and texts cite, each with a file that does.
// Tests are left out: they may quote any document, also to refuse it.
func (t tree) citations() map[string]string {
	cited := map[string]string{}
	for _, p := range t {
		for _, f := range p.files {
			if f.test {
				continue
			}
			add := func(text string) {
				for _, c := range citation.FindAllString(text, -1) {
					cited[canonical(c)] = f.path
				}
			}
			for _, group := range f.ast.Comments {
				add(group.Text())
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
					add(l.Value)
				}
				return true
			})
		}
	}
	return cited
}

func TestSpecsRulesBite(t *testing.T) {
	found, err := read(fstest.MapFS{"p/p.go": {Data: []byte(`// Package p obeys RFC
// 1234, section 5, Protocol, Article 8, paragraph
// 9, and Regulation (EU) 2018/574, Article 21.
package p

const about = "FCTC/MOP/3/5, para 24, and draft-koch-openpgp-webkey-service-22"
`)}})
	if err != nil {
		t.Fatal(err)
	}
	const head = "| Specification | Title | Obeyed |\n|---|---|---|\n"
	const good = "| RFC 1234 | T | Yes |\n| Protocol, Article 8 | T | Partial: because |\n| (EU) 2018/574 | T | Yes |\n" +
		"| FCTC/MOP/3/5 | T | Yes |\n| draft-koch-openpgp-webkey-service-22 | T | Yes |\n"
	tests := []struct{ name, specs, want string }{
		{"complete", head + good, ""},
		{"no is not cited", head + good + "| RFC 1 | T | No: not needed |\n", ""},
		{"row missing", head + strings.Replace(good, "RFC 1234", "RFC 1 | T | No: x |\n| RFC 4321", 1), ""},
		{"not cited", head + good + "| RFC 99 | T | Yes |\n", "RFC 99: Yes, but no line of code cites it"},
		{"not a document", head + good + "| STD 1 | T | Yes |\n", `"STD 1" is not how a document is cited`},
		{"two rows", head + good + "| RFC 1234 | T | Yes |\n", "RFC 1234 has two rows"},
		{"no reason", head + strings.Replace(good, "Partial: because", "Partial", 1), `Protocol, Article 8: got "Partial"`},
		{"no title", head + strings.Replace(good, "1234 | T", "1234 | ", 1), "RFC 1234 has no title"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			problems := checkSpecs(found, test.specs)
			if test.name == "row missing" {
				if len(problems) != 2 || !strings.Contains(problems[1], "no row for RFC 1234, which p/p.go cites") {
					t.Errorf("got %q, want no row for RFC 1234", problems)
				}
				return
			}
			wantProblem(t, problems, test.want)
		})
	}
}
