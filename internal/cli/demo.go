package cli

import (
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"gsp.example/gsp/internal/demo"
)

type demoCommand struct {
	Once   bool   `help:"End after the exchange."`
	Data   string `help:"Keep everything in this folder, which must be empty; else in a temporary one that goes at the end." type:"path" placeholder:"DIR"`
	Domain string `help:"The domain of all addresses." default:"gsp.example"`
	SMTP   string `help:"Where to listen for submission." default:"127.0.0.1:8465" placeholder:"ADDRESS"`
	IMAP   string `help:"Where to listen for reading." default:"127.0.0.1:8993" placeholder:"ADDRESS"`
	HTTPS  string `help:"Where to listen for keys and help." default:"127.0.0.1:8443" placeholder:"ADDRESS"`
}

func (demoCommand) Help() string {
	return "Starts the true gateway on loopback with four Parties, their officers and their keys, and plays\n" +
		"one exchange through its public doors. Then it stays up for a mail client of yours.\n" +
		"It makes a configuration of its own: --config is not read, and --output is for errors only.\n\n" +
		"Example:\n  gsp demo --once"
}

func (c demoCommand) Run(r *run) error {
	// a reader that leaves must not keep the folder with the keys from going
	signal.Ignore(syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGPIPE)
	return demo.Run(r.ctx, demo.Options{
		Once: c.Once, Folder: c.Data, Domain: c.Domain, SMTP: c.SMTP, IMAP: c.IMAP, HTTPS: c.HTTPS, Program: program(),
		Out: r.Out, Log: slog.New(slog.NewTextHandler(r.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
}

// program returns how this program is called. What go run built is not there
// to be called again.
func program() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ."
	}
	return os.Args[0]
}
