package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// policy is what each package may import of ours. What is not listed is
// forbidden.
var policy = map[string][]string{
	".": {"internal/node", "internal/cli", "internal/config"},

	// doors
	"smtpd":       {"internal/gsp", "internal/peer", "internal/allowance"},
	"imapd":       {"internal/gsp", "internal/sealed", "internal/peer", "internal/allowance", "imapd/guard"}, // sealed for its Layout
	"imapd/guard": {"internal/peer"},
	"keyserver":   {"internal/gsp", "internal/peer", "internal/translation"}, // see 0023

	// the funnel
	"router": {"internal/gsp", "internal/sealed", "internal/wire", "internal/pattern", "internal/registry", "internal/notice", "internal/wks"},

	// rules
	"internal/sealed":      {},
	"internal/gsp":         {"internal/sealed"},
	"internal/bell":        {},
	"internal/pattern":     {"internal/gsp"},
	"internal/wire":        {"internal/gsp", "internal/sealed"},
	"internal/pgpcert":     {"internal/gsp", "internal/sealed"},
	"internal/registry":    {"internal/gsp", "internal/sealed", "internal/pattern", "internal/pgpcert"},
	"internal/notice":      {"internal/gsp", "internal/sealed", "internal/wire", "internal/pattern", "internal/pgpcert", "internal/registry", "internal/translation"},
	"internal/letter":      {"internal/gsp", "internal/translation"},
	"internal/translation": {"internal/gsp"},
	"internal/wks":         {"internal/gsp", "internal/sealed", "internal/pgpcert"},
	"internal/peer":        {},
	"internal/allowance":   {"internal/gsp"},
	"internal/auth":        {"internal/gsp", "internal/peer"},
	"internal/report":      {"internal/gsp"},
	"internal/seizure":     {"internal/gsp"},
	"internal/keylog":      {"internal/gsp"},

	// storage
	"internal/store/sqlite":    {"internal/gsp", "internal/sealed", "internal/store/files"},
	"internal/store/postgres":  {"internal/gsp", "internal/sealed", "internal/store/files"},
	"internal/store/files":     {"internal/sealed"},
	"internal/store/storetest": {"internal/gsp", "internal/sealed"},

	// running it
	"configs":          {},
	"internal/config":  {"internal/gsp"},
	"internal/localca": {"internal/gsp"},
	"internal/admin":   {"internal/gsp", "internal/registry", "internal/pattern", "internal/pgpcert", "internal/auth", "internal/report"},
	"internal/control": {"internal/gsp", "internal/admin"},
	"internal/node":    {"*"}, // all but what cannotReach forbids
	"internal/cli": {
		"internal/gsp", "internal/node", "internal/admin", "internal/control", "internal/config", "internal/report",
		"internal/registry", "internal/pattern", "internal/demo", "configs", "internal/keyring",
		"internal/seizure", "internal/wire", "internal/letter",
	},
	"internal/demo": {
		"internal/gsp", "internal/node", "internal/client", "internal/keyring", "internal/pattern", "internal/pgpcert",
		"internal/config", "internal/report", "internal/admin", "internal/control", "internal/wire", "configs",
	},

	// an officer's and a national system's side
	"internal/form":      {"internal/gsp"},
	"internal/keyring":   {"internal/gsp", "internal/sealed", "internal/pgpcert"},
	"internal/client":    {"internal/gsp", "internal/sealed", "internal/pgpcert", "internal/wire", "internal/form", "internal/keyring", "internal/pattern"},
	"internal/connector": {"internal/client", "internal/form"},
	"internal/portal":    {"internal/gsp"},

	// tests only
	"internal/arch":    {},
	"internal/stories": {},
}

// later are the packages that have a line and do not exist yet.
var later = []string{
	"internal/store/postgres", "internal/keylog", "internal/form", "internal/connector", "internal/portal",
}

// cannotReach: what runs in the gateway cannot open a mail even by mistake.
// It holds through any number of imports.
var cannotReach = map[string][]string{
	"internal/node": {"internal/keyring", "internal/form", "internal/client", "internal/connector", "internal/cli", "internal/demo", "."},
}

// libraries says which packages may import a third party's module.
var libraries = map[string][]string{
	"github.com/ProtonMail/gopenpgp/v2": {"internal/pgpcert", "internal/keyring"},
	"github.com/ProtonMail/go-crypto":   {"internal/pgpcert", "internal/keyring", "internal/notice", "internal/wks"}, // to seal, see 0015; for keys@, see 0020
	"github.com/emersion/go-imap/v2":    {"imapd", "internal/client", "internal/node"},
	"github.com/emersion/go-smtp":       {"smtpd", "internal/client", "internal/node"},
	"github.com/emersion/go-sasl":       {"smtpd", "imapd", "internal/auth", "internal/client"},
	"github.com/emersion/go-message":    {"imapd", "internal/client"},
	"github.com/mattn/go-sqlite3":       {"internal/store/sqlite"},
	"github.com/dunglas/httpsfv":        {"internal/wire"},
	"github.com/alecthomas/kong":        {"internal/cli", "."},
	"github.com/pelletier/go-toml/v2":   {"internal/config", "internal/pattern"},
	"golang.org/x/sync":                 {"*"},
	"golang.org/x/text":                 {"imapd", "keyserver", "internal/pattern", "internal/wire", "internal/pgpcert"},
}

// standard says who may import a part of the standard library, where that is
// not everyone.
var standard = map[string][]string{
	"database/sql": {"internal/store/sqlite", "internal/store/postgres"},
	"net/smtp":     {}, // go-smtp is what we use
}

// deaf may not touch the world: no socket, no file, no database, no program.
var deaf = []string{"internal/gsp", "internal/sealed", "internal/wire", "internal/bell", "internal/report", "router"}

var world = []string{"net", "net/http", "crypto/tls", "os", "os/exec", "database/sql", "syscall"}

func TestImports(t *testing.T) {
	report(t, checkOwn(ours(t), policy, later))
	report(t, checkReach(ours(t), cannotReach))
	report(t, checkForeign(ours(t)))
}

// checkOwn holds a tree against a policy.
func checkOwn(t tree, policy map[string][]string, later []string) (problems []string) {
	for _, folder := range t.folders() {
		allowed, ok := policy[folder]
		if !ok {
			problems = append(problems, fmt.Sprintf("%s: no line in the policy", folder))
			continue
		}
		if slices.Contains(later, folder) {
			problems = append(problems, fmt.Sprintf("%s: exists, and is still among those for later", folder))
		}
		for _, to := range slices.Sorted(maps.Keys(t[folder].own)) {
			if !slices.Contains(allowed, to) && !slices.Contains(allowed, "*") {
				problems = append(problems, fmt.Sprintf("%s: must not import %s (%s)", folder, to, t[folder].own[to][0]))
			}
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(policy)) {
		if t[folder] == nil && !slices.Contains(later, folder) {
			problems = append(problems, fmt.Sprintf("%s: a line in the policy and no package", folder))
		}
	}
	return problems
}

// checkReach holds a tree against what must not be reached.
func checkReach(t tree, cannot map[string][]string) (problems []string) {
	for _, from := range slices.Sorted(maps.Keys(cannot)) {
		ways := t.reach(from)
		for _, to := range cannot[from] {
			if way := ways[to]; way != nil {
				problems = append(problems, fmt.Sprintf("%s: must not reach %s, and does: %s", from, to, strings.Join(way, " -> ")))
			}
		}
	}
	return problems
}

// checkForeign holds a tree against the rules for other people's packages.
func checkForeign(t tree) (problems []string) {
	for _, folder := range t.folders() {
		foreign := t[folder].foreign
		for _, to := range slices.Sorted(maps.Keys(foreign)) {
			allowed, known := standard[to]
			if domain, _, _ := strings.Cut(to, "/"); strings.Contains(domain, ".") {
				allowed, known = library(to)
				if !known {
					problems = append(problems, fmt.Sprintf("%s: imports %s, which has no line among the libraries (%s)", folder, to, foreign[to][0]))
					continue
				}
			}
			if known && !slices.Contains(allowed, folder) && !slices.Contains(allowed, "*") {
				problems = append(problems, fmt.Sprintf("%s: must not import %s (%s)", folder, to, foreign[to][0]))
			}
			if slices.Contains(deaf, folder) && slices.Contains(world, to) {
				problems = append(problems, fmt.Sprintf("%s: must not touch the world, and imports %s (%s)", folder, to, foreign[to][0]))
			}
		}
	}
	return problems
}

// library returns who may import a path of a third party, and false where its
// module has no line.
func library(to string) ([]string, bool) {
	for module, allowed := range libraries {
		if to == module || strings.HasPrefix(to, module+"/") {
			return allowed, true
		}
	}
	return nil, false
}

// The vocabulary and the seal stand on the standard library alone.
func TestCoreHasNoThirdParty(t *testing.T) {
	for _, folder := range []string{"internal/gsp", "internal/sealed", "internal/bell", "internal/report", "router"} {
		for module, allowed := range libraries {
			if slices.Contains(allowed, folder) {
				t.Errorf("%s may import %s, want nothing of third parties", folder, module)
			}
		}
	}
}

// Names that say nothing about what a package provides.
func TestPackageNames(t *testing.T) {
	for _, folder := range ours(t).folders() {
		name := folder[strings.LastIndexByte(folder, '/')+1:]
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "manager", "misc", "base"}, name) {
			t.Errorf("%s: a package is called by what it provides", folder)
		}
	}
}
