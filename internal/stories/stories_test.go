package stories_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gsp.example/gsp/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gsp": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
		stop()
		os.Exit(code)
	}})
}

// TestStories plays every story in testdata. Beside testscript's own commands
// and gsp, a story has the verbs below. A verb prints what it learnt, or
// (empty); with "!" before it, it must be refused, and prints the refusal.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			w := &world{folder: env.WorkDir}
			env.Values[worldKey{}] = w
			env.Setenv("GSP_CONFIG", w.configPath())
			library, err := filepath.Abs("../../configs/library/gsp-library.toml")
			if err != nil {
				return err
			}
			env.Setenv("LIBRARY", library)
			env.Defer(func() { w.stop(t) })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gateway":     verb((*world).start, 0),       // gateway [ALIAS...]: starts one, with the shipped library
			"restart":     verb((*world).restart, 0),     // restart: stops it and starts it on the same folder
			"party":       verb((*world).party, 2),       // party ID NAME [PARENT]: registers it and its key
			"officer":     verb((*world).officer, 2),     // officer LOGIN PARTY [ROLE...]: an account and its key
			"newpassword": verb((*world).newPassword, 1), // newpassword LOGIN: issued anew, and put into LOGIN's mail client
			"handin":      verb((*world).handIn, 1),      // handin LOGIN: mails a new key to keys@; the subject of the answer
			"confirm":     verb((*world).confirm, 1),     // confirm LOGIN: quotes the newest mail back; the subject of the answer
			"decide":      verb((*world).decide, 2),      // decide LOGIN TEXT: answers the newest mail, sealed; the subject of what comes back
			"key6":        verb((*world).key6, 2),        // key6 LOGIN PUBLIC: a key of version 6 in a file, published nowhere
			"keyfile":     verb((*world).keyfile, 3),     // keyfile NAME SECRET PUBLIC: a key in files, published nowhere
			"password":    verb((*world).password, 2),    // password LOGIN TEXT: as LOGIN's mail client has it from now on
			"waits":       verb((*world).waits, 1),       // waits LOGIN [authority]: IDLE on the own INBOX or the authority's
			"sees":        verb((*world).sees, 1),        // sees LOGIN: its IDLE wakes; opens the mail
			"ask":         verb((*world).ask, 4),         // ask LOGIN MARKS TO TEXT [HEADER...]: MARKS as in GSP-UIM
			"reply":       verb((*world).reply, 2),       // reply LOGIN TEXT: to the mail that LOGIN opened last
			"inbox":       verb((*world).inbox, 1),       // inbox LOGIN [authority]: opens all mails there
			"submit":      verb((*world).submit, 3),      // submit LOGIN TO FILE: as it stands
			"keep":        verb((*world).keep, 3),        // keep LOGIN MAILBOX FILE: IMAP APPEND as it stands
			"imap":        verb((*world).imap, 2),        // imap LOGIN FILE: what is answered to its lines as they stand
			"serve":       verb((*world).serve, 0),       // serve: runs gsp serve on site/gsp.toml until it is ready
			"terminate":   verb((*world).terminate, 0),   // terminate: SIGTERM; it must end within ten seconds
			"freeports":   verb((*world).freeports, 2),   // freeports FROM TO: a configuration with free ports
			"occupy":      verb((*world).occupy, 1),      // occupy FILE: takes a port, and a configuration that wants it
			"newer":       verb((*world).newer, 1),       // newer FILE: a database of a newer version
			"mode":        verb((*world).mode, 2),        // mode FILE 0700: compares permissions
			"setup":       verb((*world).setUp, 1),       // setup FILE: a mail program does what a letter and the domain say
			"recount":     verb((*world).recount, 0),     // recount: the statistics from the events, by other means
		},
	})
}

type worldKey struct{}

// verb makes a testscript command of a method that returns what it learnt.
// needs is how many arguments it has at least.
func verb(do func(*world, context.Context, []string) (string, error), needs int) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if len(args) < needs {
			ts.Fatalf("got %d arguments, want at least %d", len(args), needs)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		out, err := do(ts.Value(worldKey{}).(*world), ctx, args)
		switch {
		case err != nil && !neg:
			ts.Fatalf("%v", err)
		case err == nil && neg:
			ts.Fatalf("got %q, want a refusal", out)
		case neg:
			out = err.Error()
		case out == "":
			out = "(empty)" // else the next match would judge the output before
		}
		fmt.Fprintln(ts.Stdout(), out)
	}
}
