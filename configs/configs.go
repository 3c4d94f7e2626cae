// Package configs carries the pattern library that the gateway ships with, for
// the demonstration and the command line.
package configs

import _ "embed"

// Library is the shipped pattern library, in the form that package pattern
// parses. It must not be changed.
//
//go:embed library/gsp-library.toml
var Library []byte
