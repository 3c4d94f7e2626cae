package sealed

import "bytes"

// Fields reads the top header of a mail that need not be sealed, such as a
// question about public data. It looks at nothing behind the header and proves
// nothing: no Message comes of it. The error is a *Fault.
func Fields(raw []byte) ([]Field, error) {
	block := raw[:min(len(raw), maxHeader)]
	if i := bytes.Index(block, []byte("\r\n\r\n")); i >= 0 {
		block = block[:i+4]
	}
	if err := checkLines(block); err != nil {
		return nil, err
	}
	fields, _, err := topHeader(raw)
	return fields, err
}
