// Package seizure reads the lists of codes that officers bring (spreadsheets,
// exports of scanners, pasted mail) and writes what was found out about them.
//
// Both ways stream: a list of a million codes takes no more memory than one of
// a thousand, but for the table of texts of an .xlsx file, and for mails and
// web pages, which are decoded whole. It knows no library; what it needs to
// tell a code from other text is a function that its caller gives. Nothing is corrected: a code leaves as it stands in the
// file, and what a spreadsheet has rounded is said to be rounded.
//
// Specifications: RFC 4180 for CSV, with what spreadsheets make of it; ISO/IEC
// 29500-1 (ECMA-376), sections 18.2 to 18.4, for .xlsx; RFC 2045 and RFC 2046
// for mails.
package seizure

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"

	"gsp.example/gsp/internal/gsp"
)

// Item is one code of a list.
type Item struct {
	Row  int // line of a text, row of a sheet, from 1
	Code gsp.UIM
	// Rounded says that a spreadsheet took the code for a number and lost
	// digits of it, so that it names nothing any more.
	Rounded bool
}

// Options say how to read a list.
type Options struct {
	Column string             // its heading, letter or number from 1; "" finds it
	Sheet  string             // of a workbook; "" is the first one
	Known  func(gsp.UIM) bool // reports whether a library knows the text; required
}

// List is a list of codes being read.
type List struct {
	name    string
	read    func() int64
	size    int64
	close   func() error
	next    func() ([]Item, error)
	pending []Item

	Column  string   // which one is read: "B (UIM)", "" for a list without columns
	Also    []string // columns that hold codes as well, and are not read: "C"
	Skipped int      // lines and rows so far in which no code was found

	// Attached is how many files, not read, were attached to a list that is a mail.
	Attached int
}

// rows gives a table row by row. A row is valid until the next one; the error
// at the end is io.EOF.
type rows interface {
	next() (number int, cells []cell, err error)
}

// cell is one cell of a table.
type cell struct {
	text   string
	number bool // the spreadsheet holds a number, not a text
}

// Limits of what is read, in octets.
const (
	maxSample = 256 << 10 // that is looked at before reading
	maxLine   = 1 << 20   // of one line or row
)

// Open opens a list by its name. The error is a *gsp.Refusal where the file is
// the reason.
func Open(name string, o Options) (*List, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &gsp.Refusal{Reason: gsp.UnreadableFile, Cause: "there is no file " + name, Remedy: "check its name and its folder", Err: err}
	}
	if err != nil {
		return nil, unreadable(name, "check its name and whether you may read it", err)
	}
	l, err := open(f, name, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

func open(f *os.File, name string, o Options) (*List, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, unreadable(name, "check whether you may read it", err)
	}
	var magic [4]byte
	n, err := f.ReadAt(magic[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable(name, "check whether it is a file and whether you may read it", err)
	}
	var l *List
	switch {
	case isBookName(name) && string(magic[:n]) != zipMagic && string(magic[:n]) != oleMagic:
		return nil, &gsp.Refusal{
			Reason: gsp.UnreadableFile,
			Cause:  name + " is not a workbook, though its name says so",
			Remedy: "open it in a spreadsheet and save it as .xlsx; if it is a text, let its name end in .csv or .txt",
		}
	case string(magic[:n]) == zipMagic:
		l, err = openBook(f, info.Size(), name, o)
	default:
		l, err = Read(f, name, o)
		if l != nil {
			l.size = info.Size()
		}
	}
	if err != nil {
		return nil, err
	}
	l.close = f.Close
	return l, nil
}

// Read reads a list that is text from r; name is for messages and the kind of
// text, by its ending.
func Read(r io.Reader, name string, o Options) (*List, error) {
	counter := &counting{r: r}
	b := bufio.NewReaderSize(counter, maxSample)
	start, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable(name, "check whether you may read it", err)
	}
	switch {
	case bytes.HasPrefix(start, []byte(zipMagic)):
		return nil, unreadable(name, "give a workbook by its file name", nil)
	case bytes.HasPrefix(start, []byte(oleMagic)) && isBookName(name):
		return nil, unreadable(name, "it has a password, or is of an old spreadsheet: save it as .xlsx or .csv without a password", nil)
	case bytes.HasPrefix(start, []byte(oleMagic)):
		return nil, unreadable(name, "it is of an old spreadsheet: save it as .xlsx or .csv", nil)
	case bytes.HasPrefix(start, []byte("%PDF")):
		return nil, unreadable(name, "it is a PDF: copy its text into a .txt file", nil)
	}
	b = bufio.NewReaderSize(utf8Text(b), maxSample)
	sample, err := b.Peek(maxSample)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable(name, "check whether you may read it", err)
	}
	l := &List{name: name, read: counter.n.Load}
	ending := strings.ToLower(filepath.Ext(name))
	if text, err := l.shown(b, sample); err != nil {
		return nil, err
	} else if text != nil {
		b, ending = bufio.NewReaderSize(bytes.NewReader(text), maxSample), ".txt"
		sample, _ = b.Peek(maxSample) // of memory
	}
	lines := &lineReader{r: b}
	first := firstLines(sample)
	sep, table := delimiter(sample, first, ending == ".csv" || ending == ".tsv", o)
	if !table {
		l.next = (&freeText{lines: lines, known: o.Known, plain: oneALine(first), skipped: &l.Skipped}).next
		return l, nil
	}
	return l, l.readTable(&csvReader{lines: lines, sep: sep}, name, o)
}

// shown returns what a person sees of a text that is spelt otherwise: a mail
// as it was sent, a web page. It is nil for a text that reads as it is.
func (l *List) shown(r io.Reader, sample []byte) ([]byte, error) {
	switch {
	case isEncodedMail(sample):
		m, err := readMail(r)
		if err != nil {
			return nil, unreadableMail(l.name, m, err)
		}
		l.Attached = m.attached
		return m.text, nil
	case encodedMail.Match(sample):
		return nil, unreadable(l.name, "it holds a mail as it was sent, with its codes spelt otherwise: open that in a mail program and copy its text into a .txt file", nil)
	case isPage(sample):
		page, err := io.ReadAll(io.LimitReader(r, maxMail))
		if err != nil {
			return nil, unreadable(l.name, "check whether you may read it", err)
		}
		return pageText(page), nil
	}
	return nil, nil
}

// What files begin with: archives such as workbooks, and files of older
// spreadsheets or with a password.
const (
	zipMagic = "PK\x03\x04"
	oleMagic = "\xd0\xcf\x11\xe0"
)

// isBookName reports whether a name is that of a workbook.
func isBookName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".xlsx", ".xlsm":
		return true
	}
	return false
}

// Next fills batch with the next items and returns how many; at the end 0 and
// io.EOF. The error is a *gsp.Refusal where the file is the reason.
func (l *List) Next(batch []Item) (int, error) {
	n := 0
	for n < len(batch) {
		if len(l.pending) == 0 {
			items, err := l.next()
			if err != nil && n > 0 && errors.Is(err, io.EOF) {
				return n, nil
			}
			if errors.Is(err, io.EOF) {
				return 0, io.EOF
			}
			if err != nil {
				return 0, unreadable(l.name, "it is damaged or no list: save it again, as .csv or .xlsx", err)
			}
			l.pending = items
		}
		took := copy(batch[n:], l.pending)
		l.pending = l.pending[took:]
		n += took
	}
	return n, nil
}

// Progress returns how much of the file is read, from 0 to 1; 0 where that is
// not known. It may be called while Next runs.
func (l *List) Progress() float64 {
	if l.size <= 0 {
		return 0
	}
	return min(float64(l.read())/float64(l.size), 1)
}

// Close closes the file.
func (l *List) Close() error {
	if l.close == nil {
		return nil
	}
	return l.close()
}

// encodedMail finds a mail whose text is spelt in quoted-printable or base64
// (RFC 2045, section 6): a code read from it could be another one.
var encodedMail = regexp.MustCompile(`(?im)^content-transfer-encoding:[ \t]*(quoted-printable|base64)`)

// unreadable reports a file that cannot be taken.
func unreadable(name, remedy string, err error) error {
	return &gsp.Refusal{Reason: gsp.UnreadableFile, Cause: fmt.Sprintf("%s cannot be read as a list of codes", name), Remedy: remedy, Err: err}
}

// counting counts what is read, for whoever watches.
type counting struct {
	r io.Reader
	n atomic.Int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
