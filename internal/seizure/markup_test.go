package seizure

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// ours and theirs list the tokens of an XML text: "<name a=v", "/name", text.
func ours(text string) (list []string, err error) {
	m := newMarkup(strings.NewReader(text))
	for {
		p, err := m.next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		switch p.kind {
		case startPiece:
			list = append(list, "<"+string(p.name)+" r="+p.attribute("r"))
		case endPiece:
			list = append(list, "/"+string(p.name))
		case textPiece:
			if !p.plain {
				p.text = appendPlain(nil, p.text)
			}
			list = addText(list, string(p.text))
		}
	}
}

func theirs(text string) (list []string, err error) {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		switch e := t.(type) {
		case xml.StartElement:
			value := ""
			if i := slices.IndexFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == "r" }); i >= 0 {
				value = e.Attr[i].Value
			}
			list = append(list, "<"+e.Name.Local+" r="+value)
		case xml.EndElement:
			list = append(list, "/"+e.Name.Local)
		case xml.CharData:
			list = addText(list, string(e))
		}
	}
}

// addText joins texts side by side, which comments and sections part.
func addText(list []string, text string) []string {
	if n := len(list); n > 0 && strings.HasPrefix(list[n-1], "=") {
		list[n-1] += text
		return list
	}
	return append(list, "="+text)
}

// FuzzMarkup reads what encoding/xml reads as that does.
func FuzzMarkup(f *testing.F) {
	for _, s := range []string{
		`<?xml version="1.0"?><worksheet><row r="1"><c r="A1" t="s"/><!-- > --><v>a&lt;&#x41;&#66;</v></row></worksheet>`,
		`<x:a y:r='b>c' z="'"><![CDATA[<&amp;>]]]]></x:a>`, `<a r = "1"	/ >`, `<a>&nbsp;&;</a>`, `<a`, `<a><b></a>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, _ := ours(text)
		want, err := theirs(text)
		switch {
		case err != nil || len(want) == 0 || want[len(want)-1][0] == '=' || strings.Contains(text, "\r") || strings.Contains(text, "<!D") || strings.Contains(text, "<!d"):
			return // no XML, text after the end, line ends that we keep, or what no workbook has
		case strings.Contains(text, `"`) && strings.Contains(text, `'`) && strings.Contains(text, ">"):
			return // signs of both kinds in one tag
		case slices.ContainsFunc(want, func(s string) bool { return s[0] != '=' && strings.Contains(s, ":") }):
			return // a colon that parts no prefix
		case strings.Contains(text, "<!") && !strings.Contains(text, "<!--") && !strings.Contains(text, "<![CDATA["):
			return
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	})
}
