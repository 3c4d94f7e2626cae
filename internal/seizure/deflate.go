package seizure

import (
	"bytes"
	"compress/flate"
	"io"
	"runtime"
)

// pieceSize is how many octets are compressed by themselves: a hundred times
// what a match may look back, so that starting anew costs next to nothing.
const pieceSize = 1 << 20

// deflater compresses the pieces of a long text side by side, on all
// processors. Each piece ends with an empty block that is not the last one,
// so that one after the other they are one DEFLATE stream (RFC 1951, section
// 3.2.3). It is used by one goroutine.
type deflater struct {
	w       io.Writer
	piece   []byte
	waiting []chan []byte // pieces being compressed, in their order
}

// newDeflater is a compressor for archive/zip.
func newDeflater(w io.Writer) (io.WriteCloser, error) { return &deflater{w: w}, nil }

func (d *deflater) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), pieceSize-len(d.piece))
		d.piece = append(d.piece, rest[:n]...)
		if rest = rest[n:]; len(d.piece) == pieceSize {
			if err := d.compress(); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// Close ends the stream.
func (d *deflater) Close() error {
	if err := d.compress(); err != nil {
		return err
	}
	for len(d.waiting) > 0 {
		if err := d.writeFirst(); err != nil {
			return err
		}
	}
	_, err := d.w.Write([]byte{1, 0, 0, 0xff, 0xff}) // an empty block, the last one
	return err
}

// compress starts work on the piece. Where enough pieces are being worked on,
// it waits for the first of them.
func (d *deflater) compress() error {
	if len(d.waiting) > runtime.GOMAXPROCS(0) {
		if err := d.writeFirst(); err != nil {
			return err
		}
	}
	piece, done := d.piece, make(chan []byte, 1)
	d.piece = make([]byte, 0, pieceSize)
	d.waiting = append(d.waiting, done)
	go func() {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.BestSpeed) // fails only for a level that there is not
		w.Write(piece)                               // a buffer takes everything
		w.Flush()
		done <- b.Bytes()
	}()
	return nil
}

func (d *deflater) writeFirst() error {
	compressed := <-d.waiting[0]
	d.waiting = d.waiting[1:]
	_, err := d.w.Write(compressed)
	return err
}
