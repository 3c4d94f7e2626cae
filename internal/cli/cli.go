// Package cli is the command line: gsp serve, gsp demo, and the verbs of
// administrators and of the Secretariat.
//
// A verb is handed to the gateway that runs on the configured data folder, or
// carried out in place where none runs. Every command takes --output json; a
// refusal goes to standard error with its token, its cause and what to do.
package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"gsp.example/gsp/internal/admin"
	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/control"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

// Exit codes.
const (
	Done    = 0
	Refused = 1 // the input is the reason; standard error has token, cause and remedy
	Misused = 2 // the command line cannot be understood
	Failed  = 3 // our own fault, or the machine's

	Interrupted = 130 // a signal ended it before it was done
)

// maxMisuse is how many characters are said of a command line that cannot be
// understood: it may have a code of megabytes in it.
const maxMisuse = 500

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// commands is the whole command line.
type commands struct {
	Config string `help:"Configuration file, gsp.toml in this folder if not given." default:"gsp.toml" env:"GSP_CONFIG" type:"path" placeholder:"FILE"`
	Output string `help:"How results are written: ${enum}." enum:"text,json" default:"text" short:"o"`

	Serve     serveCommand     `cmd:"" help:"Run the gateway; make what is missing on the first start."`
	Demo      demoCommand      `cmd:"" help:"Run a gateway of its own and play one exchange on it."`
	Party     partyCommand     `cmd:"" help:"Register, change, withdraw and list Parties."`
	Account   accountCommand   `cmd:"" help:"Issue, change, end and list accounts."`
	Key       keyCommand       `cmd:"" help:"Publish, approve, revoke and list OpenPGP keys."`
	Library   libraryCommand   `cmd:"" help:"Check, sign and publish pattern libraries, and show them."`
	Case      caseCommand      `cmd:"" help:"List the cases that wait, show one, hold one."`
	Resolve   resolveCommand   `cmd:"" help:"Say what codes are, and which Party to ask about them."`
	Retention retentionCommand `cmd:"" help:"Tell which mails are due to be removed."`
	Stats     statsCommand     `cmd:"" help:"Make the statistics of FCTC/MOP/3/5, para 24."`
	DNS       dnsCommand       `cmd:"" name:"dns" help:"Print the records by which mail clients find the gateway."`
	Conf      configCommand    `cmd:"" name:"config" help:"Check and describe the configuration."`
	Status    statusCommand    `cmd:"" help:"Say how the gateway is doing."`
	Verify    verifyCommand    `cmd:"" help:"Read all mails and compare them with what was stored."`
	Backup    backupCommand    `cmd:"" help:"Copy all that the gateway keeps into a new folder, while it runs."`
	Restore   restoreCommand   `cmd:"" help:"Put a backup back."`
	Health    healthCommand    `cmd:"" help:"Ask whether the gateway answers; for containers and monitors."`
	Version   versionCommand   `cmd:"" help:"Print the version of the program."`
}

// run is one run of the command line.
type run struct {
	Streams
	ctx    context.Context
	config string // path of the configuration file
	json   bool
}

// Run carries out one command line and returns the exit code. It ends early
// when ctx does.
func Run(ctx context.Context, args []string, streams Streams) int {
	var c commands
	exited := false
	parser, err := kong.New(&c,
		kong.Name("gsp"),
		kong.Description("The global information-sharing focal point: sealed mail between Parties, routed by the codes on seized packs."),
		kong.Writers(streams.Out, streams.Err),
		kong.Exit(func(int) { exited = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		fmt.Fprintln(streams.Err, "gsp:", err)
		return Failed
	}
	switch {
	case len(args) == 0 || len(args) == 1 && args[0] == "help":
		args = []string{"--help"}
	case len(args) == 1 && args[0] == "--version":
		args = []string{"version"}
	}
	parsed, err := parser.Parse(args)
	if exited { // --help was asked for
		return Done
	}
	if err != nil {
		(&run{Streams: streams}).complain(cut(misuse(err), maxMisuse) + "\nTry: " + meant(err) + " --help")
		return Misused
	}
	r := &run{Streams: streams, ctx: ctx, config: c.Config, json: c.Output == "json"}
	return r.report(parsed.Run(r))
}

// misuse says why a command line cannot be understood, where the library's
// words are for programmers in ours. Where a command was expected, an argument
// is one that does not exist.
func misuse(err error) string {
	said := err.Error()
	wrong, ok := errors.AsType[*kong.ParseError](err)
	if !ok {
		return said
	}
	node := wrong.Context.Selected()
	if node == nil {
		node = wrong.Context.Model.Node
	}
	if argument, ok := strings.CutPrefix(said, "unexpected argument "); ok && len(node.Children) > 0 {
		return "there is no command " + argument
	}
	if strings.HasPrefix(said, "expected one of ") && len(node.Children) > 0 {
		var names []string
		for _, child := range node.Children {
			names = append(names, child.Name)
		}
		return "a command is missing: " + strings.Join(names, ", ")
	}
	if argument, ok := strings.CutPrefix(said, `expected "<`); ok {
		return "this is missing: <" + strings.TrimSuffix(argument, `"`)
	}
	flag, _, _ := strings.Cut(said, ": ")
	if strings.HasSuffix(said, "(<EOL>)") || strings.HasPrefix(said, flag+": missing value") {
		return flag + " needs a value"
	}
	return said
}

// meant returns the command that a line which cannot be understood began with.
func meant(err error) string {
	command := "gsp"
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
		for _, p := range wrong.Context.Path {
			if p.Command != nil {
				command += " " + p.Command.Name
			}
		}
	}
	return command
}

// report tells an error to whoever called and returns its exit code.
func (r *run) report(err error) int {
	if err == nil {
		return Done
	}
	refusal, ok := errors.AsType[*gsp.Refusal](err)
	code := Failed
	switch {
	case r.ctx.Err() != nil && (errors.Is(err, context.Cause(r.ctx)) || errors.Is(err, context.Canceled)):
		err, ok, code = errors.New("interrupted"), false, Interrupted
	case ok:
		code = Refused
	case isMisused(err):
		code = Misused
	}
	if r.json {
		e := map[string]string{"error": err.Error()}
		if ok {
			e = map[string]string{"reason": string(refusal.Reason), "cause": refusal.Cause, "remedy": refusal.Remedy}
		}
		_ = json.NewEncoder(r.Err).Encode(e) // standard error is all there is to tell it to
	} else if ok {
		r.complain(refusal.Text(""))
	} else {
		r.complain(err.Error())
	}
	return code
}

// complain writes what went wrong, whole lines for programs.
func (r *run) complain(text string) {
	out := layout{r.Err, 0}
	if isTerminal(r.Err) {
		out.room = terminalColumns
	}
	for i, line := range strings.Split("gsp: "+text, "\n") {
		indent := 2
		if i > 0 {
			indent += len(line) - len(strings.TrimLeft(line, " "))
		}
		out.text(line, indent)
	}
}

// load reads the configuration.
func (r *run) load() (config.Config, error) {
	if _, err := os.Stat(r.config); errors.Is(err, os.ErrNotExist) {
		return config.Config{}, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  fmt.Sprintf("there is no configuration file %s", r.config),
			Remedy: "name it with --config, or make one with: gsp serve",
		}
	}
	return config.Load(r.config)
}

// show writes a result, in JSON or by table.
func show[T any](r *run, v T, table func(io.Writer, T)) error {
	if r.json {
		e := json.NewEncoder(r.Out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	var page bytes.Buffer
	w := tabwriter.NewWriter(&page, 0, 0, 2, ' ', 0)
	table(w, v)
	if err := w.Flush(); err != nil {
		return err
	}
	if isTerminal(r.Out) {
		page = *wrapProse(&page)
	}
	_, err := r.Out.Write(page.Bytes())
	return err
}

// ask carries out a verb, on the running gateway if there is one, and shows
// its result.
func ask[In, Out any](r *run, verb admin.Verb[In, Out], in In, table func(io.Writer, Out)) error {
	out, err := do(r, verb, in)
	if err != nil {
		return err
	}
	return show(r, out, table)
}

func do[In, Out any](r *run, verb admin.Verb[In, Out], in In) (Out, error) {
	var none Out
	c, err := r.load()
	if err != nil {
		return none, err
	}
	out, err := control.Do(r.ctx, c.Data, verb, in)
	if !errors.Is(err, control.ErrNotRunning) {
		return out, err
	}
	if err := needData(c); err != nil {
		return none, err
	}
	core, err := node.Open(r.ctx, c, slog.New(slog.NewTextHandler(r.Err, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return none, err
	}
	out, err = verb.Do(r.ctx, core.Office, control.Name(os.Getuid()), in)
	return out, errors.Join(err, core.Close())
}

// needData refuses where no gateway was ever started.
func needData(c config.Config) error {
	if _, err := os.Stat(c.Data); !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.UnreadableFile,
		Cause:  fmt.Sprintf("there is no data folder %s yet", c.Data),
		Remedy: "start the gateway once, which makes it, or correct data in the configuration: gsp serve",
	}
}
