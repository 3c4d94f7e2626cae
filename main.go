// Command gsp is the global information-sharing focal point: a mail gateway
// by which the Parties to the Protocol to Eliminate Illicit Trade in Tobacco
// Products ask each other about the codes on seized packs.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"gsp.example/gsp/internal/cli"
)

func main() {
	// A mail is a burst of short-lived octets. To collect them half as often
	// costs some 8 MiB under load and takes a tenth off the processor time.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
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
