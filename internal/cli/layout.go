package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"unicode"
	"unsafe"
)

// terminalColumns is what every terminal has. Text for a terminal is laid out
// for it, text for a file or a program keeps its lines whole.
const terminalColumns = 80

// isTerminal reports whether a person may be at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	found := false
	err = raw.Control(func(fd uintptr) {
		var settings syscall.Termios // as tcgetattr(3) has them, which only a terminal has
		_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TCGETS, uintptr(unsafe.Pointer(&settings)))
		found = failed == 0
	})
	return err == nil && found
}

// layout writes text for people.
type layout struct {
	w    io.Writer
	room int // columns, 0 for no limit
}

// layout returns one that writes to w, with as much room as the output has.
func (r *run) layout(w io.Writer) layout {
	if isTerminal(r.Out) {
		return layout{w, terminalColumns}
	}
	return layout{w, 0}
}

// text writes a paragraph. The lines after its first begin with as many spaces
// as indent says.
func (l layout) text(s string, indent int) {
	if l.room == 0 {
		fmt.Fprintln(l.w, s)
		return
	}
	body := strings.TrimLeft(s, " ")
	line, used := s[:len(s)-len(body)], len(s)-len(body)
	begun := false
	for word := range strings.SplitSeq(body, " ") {
		n := columnsOf(word)
		switch {
		case begun && used+1+n > l.room:
			fmt.Fprintln(l.w, line)
			line, used = strings.Repeat(" ", indent), indent
		case begun:
			line, used = line+" ", used+1
		}
		line, used, begun = line+word, used+n, true
	}
	fmt.Fprintln(l.w, line)
}

// wrapProse breaks the lines of a page that are too long for a terminal. Those
// of a table, whose columns two spaces part, and of a zone file stay whole.
func wrapProse(page *bytes.Buffer) *bytes.Buffer {
	var wrapped bytes.Buffer
	out := layout{&wrapped, terminalColumns}
	for line := range strings.Lines(page.String()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, ";") || strings.Contains(strings.TrimLeft(line, " "), "  ") {
			fmt.Fprintln(&wrapped, line)
		} else {
			out.text(line, 0)
		}
	}
	return &wrapped
}

// table writes rows in columns, the first row being their headings. Where the
// rows do not fit the room, the last column goes below the others.
func (l layout) table(rows [][]string) {
	if len(rows) == 0 {
		return
	}
	widths, below := columnWidths(rows), !l.fits(rows)
	for i, row := range rows {
		var line strings.Builder
		last := len(row) - 1
		for i, cell := range row[:last] {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-columnsOf(cell)+2))
		}
		if !below {
			line.WriteString(row[last])
		}
		fmt.Fprintln(l.w, strings.TrimRight(line.String(), " "))
		if below && i > 0 && row[last] != "" {
			l.text("  "+row[last], 2)
		}
	}
}

// fits reports whether a table of rows has room.
func (l layout) fits(rows [][]string) bool {
	used := -2
	for _, n := range columnWidths(rows) {
		used += n + 2
	}
	return l.room == 0 || used <= l.room
}

// columnWidths returns how wide each column of a table is.
func columnWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columnsOf(cell))
		}
	}
	return widths
}

// columnsOf returns how many columns of a terminal a text takes.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n++
		if isWide(r) {
			n++
		}
	}
	return n
}

// isWide reports whether a terminal gives two columns to a character: those of
// East Asian scripts, their full-width forms, and pictures (Unicode Standard
// Annex #11, section 5).
func isWide(r rune) bool {
	switch {
	case r < 0x1100, 0xff61 <= r && r <= 0xffdc: // the last are half-width forms
		return false
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Yi):
		return true
	}
	return 0x3000 <= r && r <= 0x303e || 0xff01 <= r && r <= 0xffe6 || 0x1f300 <= r && r <= 0x1faff
}

// maxPrinted is how many characters of a text from a list a terminal shows: no
// code is longer.
const maxPrinted = 128

// printable replaces what a terminal would obey, hide or draw over another
// character, and cuts what is longer than any code: a list comes from
// strangers.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 0x1d:
			return '^'
		case !unicode.IsPrint(r) || unicode.Is(unicode.M, r):
			return unicode.ReplacementChar
		}
		return r
	}, cut(s, maxPrinted))
}

// cut cuts a text after so many characters.
func cut(s string, most int) string {
	for i := range s {
		if most == 0 {
			return s[:i] + "…"
		}
		most--
	}
	return s
}
