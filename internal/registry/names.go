package registry

import "gsp.example/gsp/internal/gsp"

// names are those of the mail domain. An address of an alias is another way to
// write that of the domain: it is translated where it comes in, and only the
// directory knows of it.
type names struct {
	domain  string
	aliases []string
}

// Domain is the domain of every address in the roll.
func (n names) Domain() string { return n.domain }

// Aliases are the other names of the domain, in lower case; not to be changed.
func (n names) Aliases() []string { return n.aliases }

// Home returns the address in the roll that a means: that of the domain for one
// of an alias, and any other as it is.
func (n names) Home(a gsp.Address) gsp.Address { return a.Home(n.domain, n.aliases) }
