package cli

import (
	"fmt"
	"io"

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
	notes, err := node.Check(c)
	if err != nil {
		return err
	}
	result := checkedConfig{Config: r.config, Warnings: append([]string{}, notes...)}
	return show(r, result, func(w io.Writer, result checkedConfig) {
		fmt.Fprintf(w, "%s is good\n", result.Config)
		for _, warning := range result.Warnings {
			fmt.Fprintf(w, "BEWARE %s\n", warning)
		}
	})
}

// checkedConfig is a configuration with which a gateway starts.
type checkedConfig struct {
	Config   string   `json:"config"`
	Warnings []string `json:"warnings"` // what would keep mail clients away
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
