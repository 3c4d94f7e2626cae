package smtpd

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"gsp.example/gsp/internal/allowance"
)

// FuzzMail reads a mail out of any octets. What is taken must be CRLF lines,
// and exactly those that were sent; what follows must be left alone.
func FuzzMail(f *testing.F) {
	for _, seed := range []string{
		".\r\n", "A: b\r\n\r\n..dot\r\n...\r\n.\r\nQUIT\r\n", "x\n.\n", "x\n.\r\n", "x\r\n.\n", "x\r.\r", "x\r\r\n.\r\n",
		"\x00\r\n.\r\n", strings.Repeat("x", 999) + "\r\n.\r\n", strings.Repeat("y", 5000) + "\r\n.\r\n", ".\r", "..\r\n.\r\n", ".0\r\n.\r\n",
		strings.Repeat("y", 5000) + "\n.\r\nQUIT\r\n", strings.Repeat("it grows.\r\n", 2000) + ".\r\n", strings.Repeat("too large\r\n", 4000) + ".\r\n",
	} {
		f.Add([]byte(seed), int64(0))
	}
	f.Add([]byte("A: b\r\n.\r\n"), int64(40_000))
	f.Fuzz(func(t *testing.T, sent []byte, announced int64) {
		const limit = 40_000
		server := &Server{MaxMessage: limit, Limits: DefaultLimits, room: allowance.NewRoom(200_000, limit), ctx: context.Background()}
		in := bufio.NewReaderSize(bytes.NewReader(sent), maxCommand)
		m := mail{server: server, place: server.room.Enter(1), pace: new(pace)}
		if why := m.reserve(min(max(announced, 0), limit)); why != nil {
			t.Fatal(why)
		}
		why := m.readFrom(in)
		raw := bytes.Clone(m.raw)
		rest, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		m.place.Leave()
		if !server.room.Unused() {
			t.Error("room was not given back")
		}
		if why != nil {
			return
		}
		taken := sent[:len(sent)-len(rest)]
		if !bytes.HasSuffix(append([]byte("\r\n"), taken...), []byte("\r\n.\r\n")) {
			t.Fatalf("the mail ends in %q", taken[max(0, len(taken)-10):])
		}
		if m.refusal != nil {
			return
		}
		if len(raw) > limit {
			t.Errorf("%d octets, want at most %d", len(raw), limit)
		}
		var want bytes.Buffer
		for line := range bytes.Lines(bytes.TrimSuffix(taken, endOfData)) {
			text, ok := bytes.CutSuffix(line, []byte("\r\n"))
			if !ok || bytes.ContainsAny(text, "\r\n\x00") || len(text) > maxLine+1 {
				t.Fatalf("line %q was taken", line)
			}
			// RFC 5321, section 4.5.2: the first dot of a line goes, whatever follows.
			want.Write(bytes.TrimPrefix(line, []byte(".")))
		}
		if !bytes.Equal(raw, want.Bytes()) {
			t.Errorf("got %q, want %q", raw, want.Bytes())
		}
	})
}
