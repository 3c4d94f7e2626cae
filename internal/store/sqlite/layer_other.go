//go:build !linux

package sqlite

// fileLayer returns the name of SQLite's own layer.
func fileLayer() string { return "unix" }
