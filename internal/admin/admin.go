// Package admin provides the verbs of administrators and of the Secretariat:
// register a Party, issue an account, publish a key, import a library, make
// statistics.
//
// Each verb is one function from an input to an output, both plain values with
// a JSON form, so that the command line carries it out in place or hands it to
// a running gateway, and the result is the same. Verbs check, then change the
// roll by one registry update; who asked is kept with every grant
// (FCTC/MOP/3/5, annex, para 4 (c)).
package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/report"
)

// Office is where verbs are carried out. All fields but Changed, Keys and Term are
// required.
type Office struct {
	Registry *registry.Registry
	Events   report.Source
	Rooms    Rooms
	Random   io.Reader // unpredictable octets, for passwords
	Now      func() time.Time
	Changed  func() // called after each change of the roll; nil for nothing

	Servers gsp.Servers // what officers are told of
	Keys    string      // the address that takes keys by mail, "" for none
	Term    int         // days that a new account lasts where nobody says, 0 for no end

	MaxMessage int64 // octets of the largest mail that is taken

	Retained Retainer      // nil where nobody asks how long mail is kept
	Keep     gsp.Retention // the rule in force

	Cases     Cases                                        // nil where nobody asks for cases
	Condition func(ctx context.Context) (Condition, error) // of the gateway that runs, nil where none does
	Verify    func(ctx context.Context) (Soundness, error) // reads everything; nil where nobody asks for it
}

// Verb is one thing that can be asked of an Office.
type Verb[In, Out any] struct {
	Name string // "party-add": what, then which
	do   func(ctx context.Context, o *Office, by string, in In) (Out, error)
}

// Do carries the verb out; by names who asked. The error is a *gsp.Refusal
// where the input is the reason.
func (v Verb[In, Out]) Do(ctx context.Context, o *Office, by string, in In) (Out, error) {
	return v.do(ctx, o, by, in)
}

// Called returns the name of the verb.
func (v Verb[In, Out]) Called() string { return v.Name }

// DoJSON carries the verb out with its input in JSON. A field that the input
// does not have is an error, and so is what follows the input.
func (v Verb[In, Out]) DoJSON(ctx context.Context, o *Office, by string, in json.RawMessage) (any, error) {
	var input In
	d := json.NewDecoder(bytes.NewReader(in))
	d.DisallowUnknownFields() // a misspelt "roles" must not grant the default
	if err := d.Decode(&input); err != nil {
		return nil, fmt.Errorf("read the input of %s: %w", v.Name, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("read the input of %s: something follows it", v.Name)
	}
	return v.do(ctx, o, by, input)
}

// Handler is a Verb of any types.
type Handler interface {
	Called() string
	DoJSON(ctx context.Context, o *Office, by string, in json.RawMessage) (any, error)
}

// Handlers returns every verb.
func Handlers() []Handler {
	return []Handler{
		Ping, Status, Verify, CaseList, CaseShow, CaseHold, CaseRelease, CaseHolds, RetentionPlan, PartyAdd, PartyList, PartyShow, PartyLanguage, PartyQuota, PartyWithdraw,
		AccountAdd, AccountList, AccountLanguage, AccountUntil, AccountQuota, AccountRole, AccountShow, AccountDisable, AccountEnable, AccountPassword, AccountCertificate,
		KeyImport, KeyList, KeyPending, KeyApprove, KeyReject, KeyHistory, KeyRevoke, KeySheet, PartyKeys, PartyArchive, LibraryImport, LibraryVerify, LibraryShow, LibraryHistory, Stats,
	}
}

// None is the input of a verb that needs none.
type None struct{}

// Ping does nothing: whoever gets an answer knows that the gateway runs.
var Ping = Verb[None, None]{"ping", func(context.Context, *Office, string, None) (None, error) { return None{}, nil }}

// update changes the roll and tells who follows it.
func (o *Office) update(ctx context.Context, decide func(*registry.Snapshot) (gsp.Change, error)) (gsp.Change, error) {
	change, err := o.Registry.Update(ctx, decide)
	if err == nil && o.Changed != nil {
		o.Changed()
	}
	return change, err
}

// list writes the values that there are, for a remedy.
func list[T ~string](all []T) string {
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}
