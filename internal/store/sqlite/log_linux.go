package sqlite

// #include "log_linux.h"
import "C"

import (
	"fmt"
	"sync"
)

// fileLayer returns the name of the layer by which the connection that writes
// uses its files.
var fileLayer = sync.OnceValues(func() (string, error) {
	if code := C.registerLog(); code != 0 {
		return "", fmt.Errorf("register file layer: SQLite's code %d", code)
	}
	return "gsp", nil
})
