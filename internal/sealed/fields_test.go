package sealed

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestFields(t *testing.T) {
	tests := []struct {
		name, raw string
		want      []Field
		flaw      Flaw
	}{
		{"readable", "From: a@b\r\nGSP-UIM: \"KE7\",\r\n \"UG7\"\r\n\r\nbody\r\n", []Field{{"From", "a@b"}, {"GSP-UIM", `"KE7", "UG7"`}}, ""},
		{"any body", "From: a@b\r\n\r\n\x00 bare\nlines\r" + strings.Repeat("x", 2000), []Field{{"From", "a@b"}}, ""},
		{"no body", "From: a@b\r\n\r\n", []Field{{"From", "a@b"}}, ""},
		{"no blank line", "From: a@b\r\n", nil, BrokenHeader},
		{"empty", "", nil, BrokenHeader},
		{"body only", "\r\nFrom: a@b\r\n\r\n", nil, BrokenHeader},
		{"bare LF", "From: a@b\nTo: c@d\r\n\r\n", nil, BrokenLines},
		{"bare CR", "From: a@b\rTo: c@d\r\n\r\n", nil, BrokenLines},
		{"NUL", "From: a@b\x00\r\n\r\n", nil, BrokenLines},
		{"two subjects", "Subject: a\r\nSubject: b\r\n\r\n", nil, DuplicateHeader},
		{"too long", strings.Repeat("A: b\r\n", 20_000) + "\r\n", nil, BrokenHeader},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Fields([]byte(test.raw))
			var flaw Flaw
			if fault, ok := errors.AsType[*Fault](err); ok {
				flaw = fault.Flaw
			}
			if !reflect.DeepEqual(got, test.want) || flaw != test.flaw {
				t.Errorf("got %q, %v, want %q, %q", got, err, test.want, test.flaw)
			}
		})
	}
}

// What Fields reads of a sealed mail is what Inspect reads.
func FuzzFields(f *testing.F) {
	f.Add([]byte("From: a@b\r\nGSP-UIM: \"KE7########\";n=12\r\n\r\nbody\r\n"))
	f.Add([]byte("Subject: [uim KE7######## n=12]\r\n\tmore\r\n\r\n"))
	f.Add([]byte("A: b\r\n \r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		fields, err := Fields(raw)
		if _, ok := errors.AsType[*Fault](err); err != nil && !ok {
			t.Fatalf("got %v, want a fault", err)
		}
		if !bytes.Equal(raw, before) {
			t.Error("the mail was changed")
		}
		for _, field := range fields {
			if field.Name == "" || strings.ContainsAny(field.Name+field.Value, "\r\n\x00") {
				t.Errorf("got field %q, want a name and no line ends", field)
			}
		}
		if m, inspected := Inspect(raw); inspected == nil && !reflect.DeepEqual(m.Fields(), fields) {
			t.Errorf("got %q, and Inspect %q", fields, m.Fields())
		}
	})
}
