package seizure

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// TestDeflaterIsOneStream compresses texts of no piece, one, a whole number of
// them and more, written in uneven parts, and reads each back as one stream.
func TestDeflaterIsOneStream(t *testing.T) {
	for _, size := range []int{0, 1, pieceSize - 1, pieceSize, 3 * pieceSize, 7*pieceSize + 12345} {
		var text []byte
		for i := 0; len(text) < size; i++ {
			text = fmt.Appendf(text, "<row r=\"%d\">%d</row>", i, i*i%9973)
		}
		text = text[:size]
		var b bytes.Buffer
		d, _ := newDeflater(&b)
		for rest, n := text, 1; len(rest) > 0; n = 3*n + 1 {
			part := rest[:min(n, len(rest))]
			if wrote, err := d.Write(part); wrote != len(part) || err != nil {
				t.Fatalf("%d octets: wrote %d of %d: %v", size, wrote, len(part), err)
			}
			rest = rest[len(part):]
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(flate.NewReader(&b))
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d octets: got %d octets back and %v", size, len(got), err)
		}
	}
}

// fullDisk takes so many octets and then fails.
type fullDisk struct{ room int }

var errFull = errors.New("the disk is full")

func (f *fullDisk) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestBookOnAFullDisk checks that no part of a workbook is lost in silence.
func TestBookOnAFullDisk(t *testing.T) {
	for _, room := range []int{0, 1000, 400_000} {
		w := NewBook(&fullDisk{room})
		var err error
		for i := 0; i < 100_000 && err == nil; i++ {
			code := gsp.NewUIM(fmt.Sprintf("KE7%08d", i*7919%100_000_007))
			err = w.Write(&Finding{Item: Item{Row: i, Code: code}, Canonical: code})
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("room for %d octets: got %v, want %v", room, err, errFull)
		}
	}
}

// BenchmarkBook writes a workbook of a million findings.
func BenchmarkBook(b *testing.B) {
	for b.Loop() {
		w := NewBook(io.Discard)
		for i := range 1_000_000 {
			code := gsp.NewUIM(fmt.Sprintf("QCABC%dx%d", i*7919%1_000_003, i))
			err := w.Write(&Finding{
				Item: Item{Row: i + 1, Code: code}, Canonical: code, Outcome: "unique", Party: "ke", Level: "unit",
				Entry: "ke-stamp", Mask: "QCABC##################", Sentence: "This code is an excise stamp of Kenya. Ask Kenya.",
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestBookSharesTexts writes more texts than the table of texts takes, and
// texts that XML cannot hold as they are, and reads all of them back.
func TestBookSharesTexts(t *testing.T) {
	var b bytes.Buffer
	w := NewBook(&b)
	sentence := func(i int) string { return fmt.Sprintf(" <%d> & \x1d_x0041_ ", i%(maxShared+100)) }
	const rows = maxShared + 200
	for i := range rows {
		code := gsp.NewUIM(fmt.Sprintf("KE7%08d", i))
		if err := w.Write(&Finding{Item: Item{Row: i + 1, Code: code}, Canonical: code, Outcome: "unique", Sentence: sentence(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	k := &book{parts: make(map[string]*zip.File)}
	for _, p := range z.File {
		k.parts[p.Name] = p
	}
	if err := k.readTexts(); err != nil || len(k.texts.ends) != maxShared {
		t.Fatalf("got %d texts in the table and %v, want %d", len(k.texts.ends), err, maxShared)
	}
	part, err := k.sheet("found.xlsx", "")
	if err != nil {
		t.Fatal(err)
	}
	text, err := part.Open()
	if err != nil {
		t.Fatal(err)
	}
	r := &sheetReader{m: newMarkup(text), texts: &k.texts}
	for i := -1; i < rows; i++ { // the headings first
		_, cells, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		if last := cells[len(cells)-1].text; i >= 0 && last != strings.TrimSpace(sentence(i)) {
			t.Fatalf("row %d: got %q, want %q", i, last, sentence(i))
		}
	}
}
