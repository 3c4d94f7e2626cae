package cli

import (
	"fmt"
	"io"
	"log/slog"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/node"
)

type configCommand struct {
	Check    configCheckCommand    `cmd:"" help:"Read the configuration file and say what is wrong with it."`
	Describe configDescribeCommand `cmd:"" help:"Print the default configuration with its comments."`
}

type configCheckCommand struct{}

func (configCheckCommand) Help() string {
	return "Example:\n  gsp config check --config /etc/gsp/gsp.toml"
}

func (configCheckCommand) Run(r *run) error {
	c, err := r.load()
	if err != nil {
		return err
	}
	if err := node.Check(c, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	return show(r, map[string]string{"config": r.config}, func(w io.Writer, _ map[string]string) { fmt.Fprintf(w, "%s is good\n", r.config) })
}

type configDescribeCommand struct{}

func (configDescribeCommand) Help() string { return "Example:\n  gsp config describe > gsp.toml" }

func (configDescribeCommand) Run(r *run) error { return config.Describe(r.Out, config.Default()) }

type healthCommand struct{}

func (healthCommand) Help() string { return "Example:\n  gsp health || systemctl restart gsp" }

func (healthCommand) Run(r *run) error {
	c, err := r.load()
	if err != nil {
		return err
	}
	if err := node.Health(r.ctx, c); err != nil {
		return err
	}
	return show(r, map[string]string{"health": "ok"}, func(w io.Writer, _ map[string]string) { fmt.Fprintln(w, "ok") })
}

type versionCommand struct{}

func (versionCommand) Help() string { return "Example:\n  gsp version" }

func (versionCommand) Run(r *run) error {
	return show(r, map[string]string{"version": node.Version()}, func(w io.Writer, v map[string]string) {
		fmt.Fprintln(w, "gsp", v["version"])
	})
}
