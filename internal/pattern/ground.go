package pattern

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Ground is one thing that speaks for a candidate or, with negative bits,
// against it.
type Ground struct {
	Kind GroundKind `json:"kind"`
	Name string     `json:"name,omitzero"` // of a check, an element with a hint, or a Doubt
	Bits float64    `json:"bits"`
}

// GroundKind is what evidence rests on, as a stable token.
type GroundKind string

// The kinds of grounds.
const (
	ByFixed      GroundKind = "fixed"      // characters that are the same in every code
	ByCharacters GroundKind = "characters" // all others, from an alphabet that does not allow all
	ByDate       GroundKind = "date"       // digits that are a real date
	ByPassing    GroundKind = "check"      // a check that holds
	ByHinting    GroundKind = "hint"       // an element that begins as a hint says
	ByDoubt      GroundKind = "doubt"      // a Doubt, against it
)

// GroundKinds lists every GroundKind.
var GroundKinds = []GroundKind{ByFixed, ByCharacters, ByDate, ByPassing, ByHinting, ByDoubt}

// least is how many bits a ground needs to be told.
const least = 0.5

// Grounds lists what speaks for candidate i and against it, the weightiest
// first; all together are its Bits.
func (a Answer) Grounds(i int) []Ground {
	c, code := a.Candidates[i], a.Normal.Reveal()
	var g grounds
	for j := range c.row.variant.elems {
		e, kind := &c.row.variant.elems[j], ByCharacters
		if e.lit != "" {
			kind = ByFixed
		}
		for at := c.row.start(j); at < c.row.end(j); at++ {
			if code[at] != hidden {
				g.add(kind, "", e.at(at-c.row.start(j)).weight())
			}
		}
	}
	for _, check := range c.row.variant.checks {
		from, to := c.row.span(check)
		switch {
		case !visible(code[from:to]):
		case check.rule.name == "date":
			g.add(ByDate, "", check.rule.bits)
		default:
			g.add(ByPassing, check.rule.name, check.rule.bits)
		}
	}
	for _, name := range c.Hints {
		g.add(ByHinting, name, hintBits)
	}
	for _, d := range c.Doubts {
		g.add(ByDoubt, string(d), -d.cost())
	}
	return g.sorted()
}

// Lead lists why the first candidate is ranked before candidate i: what
// speaks more for the first and, with negative bits, what speaks more for the
// other, the weightiest first. What is equal is left out.
func (a Answer) Lead(i int) []Ground {
	g := grounds(a.Grounds(0))
	for _, other := range a.Grounds(i) {
		g.add(other.Kind, other.Name, -other.Bits)
	}
	return slices.DeleteFunc(g.sorted(), func(g Ground) bool { return math.Abs(g.Bits) < least })
}

// grounds adds up what is alike.
type grounds []Ground

func (g *grounds) add(kind GroundKind, name string, bits float64) {
	for i := range *g {
		if one := &(*g)[i]; one.Kind == kind && one.Name == name {
			one.Bits += bits
			return
		}
	}
	*g = append(*g, Ground{kind, name, bits})
}

func (g grounds) sorted() []Ground {
	slices.SortStableFunc(g, func(a, b Ground) int { return cmp.Compare(math.Abs(b.Bits), math.Abs(a.Bits)) })
	return g
}

// checkTexts say to people what passes a check.
var checkTexts = map[string]string{
	"csum": "a check digit", "luhn": "a check digit", "mod1110": "a check digit",
	"mod9710": "check characters", "mod3736": "a check character",
	"mrc": "a plausible price", "mixed": "letters mixed with digits",
}

// describe says the ground. dated means that the code bears a date under the
// candidate whose ground it is.
func (g Ground) describe(dated bool) string {
	switch g.Kind {
	case ByFixed:
		return "fixed characters"
	case ByCharacters:
		return "kinds of characters"
	case ByDate:
		return "a real date"
	case ByPassing:
		return checkTexts[g.Name]
	case ByHinting:
		return fmt.Sprintf("a hint in %q", g.Name)
	}
	return doubtText(Doubt(g.Name), dated)
}

// ExplainCandidate says in words what speaks for candidate i or, for one that
// is not the first, why it is ranked behind it. The words do not hold the
// code.
func (a Answer) ExplainCandidate(i int) string {
	c := a.Candidates[i]
	if i == 0 {
		var texts []string
		for _, g := range a.Grounds(0) {
			if math.Abs(g.Bits) >= least {
				texts = append(texts, fmt.Sprintf("%s (%.0f)", g.describe(!c.Made.IsZero()), g.Bits))
			}
		}
		if len(texts) == 0 {
			return "without evidence"
		}
		return fmt.Sprintf("%.0f bits of evidence: %s", c.Bits, strings.Join(texts, ", "))
	}
	var behind, ahead []string
	for _, g := range a.Lead(i) {
		switch {
		case g.Kind == ByDoubt && g.Bits > 0:
			behind = append(behind, g.describe(!c.Made.IsZero()))
		case g.Kind == ByDoubt:
			ahead = append(ahead, "of the first, "+g.describe(!a.Candidates[0].Made.IsZero()))
		case g.Bits > 0:
			behind = append(behind, g.lacking())
		default:
			ahead = append(ahead, g.having())
		}
	}
	text := strings.Join(behind, ", ")
	if len(ahead) > 0 {
		text = strings.TrimPrefix(text+", though "+strings.Join(ahead, ", "), ", ")
	}
	return text
}

// lacking says that a candidate has less of the ground than the first.
func (g Ground) lacking() string {
	switch g.Kind {
	case ByFixed:
		return "fewer fixed characters"
	case ByCharacters:
		return "it allows more characters"
	}
	return "without " + g.describe(false)
}

// having says that a candidate has more of the ground than the first.
func (g Ground) having() string {
	switch g.Kind {
	case ByFixed:
		return "more fixed characters"
	case ByCharacters:
		return "it allows fewer characters"
	}
	return "with " + g.describe(false)
}
