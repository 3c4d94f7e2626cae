// Command gsp is the global information-sharing focal point: a mail gateway
// by which the Parties to the Protocol to Eliminate Illicit Trade in Tobacco
// Products ask each other about the codes on seized packs.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"syscall"

	"gsp.example/gsp/internal/cli"
)

func main() {
	if os.Getenv("GOGC") == "" {
		tendMemory()
	}
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored, to outlive the terminal
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	code := cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}

// manyLive is how much live memory, in octets, is more than mails under way need:
// then it is of thousands of sessions.
const manyLive = 24 << 20

// tendMemory has memory collected half as often as Go does by itself, and more
// often once much of it is live, after each collection anew. A mail is a burst of
// short-lived octets: the former costs some 8 MiB and takes a tenth off the
// processor time. Beside 2,000 sessions in IDLE it would cost 70 MiB.
func tendMemory() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	percent := 0
	var tend func(struct{})
	tend = func(struct{}) {
		metrics.Read(live)
		want := 200
		if live[0].Value.Uint64() > manyLive {
			want = 75
		}
		if want != percent {
			percent = want
			debug.SetGCPercent(percent)
		}
		runtime.AddCleanup(&struct{ next *int }{}, tend, struct{}{}) // called once the next collection finds it
	}
	tend(struct{}{})
}
