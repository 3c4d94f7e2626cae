package sqlite

// #include "layer_linux.h"
import "C"

import "sync"

// fileLayer returns the name of the layer by which SQLite uses our files. Where
// it does not take ours, which no known version does, its own is as safe.
var fileLayer = sync.OnceValue(func() string {
	if C.registerLayer() != 0 {
		return "unix"
	}
	return "gsp"
})
