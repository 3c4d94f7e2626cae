package keyserver

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"testing"

	"gsp.example/gsp/internal/gsp"
)

// Each language of the set-up page has all texts, and no others.
func TestSetUpTextsAreComplete(t *testing.T) {
	for _, language := range helpLanguages {
		d := json.NewDecoder(bytes.NewReader(setupFile(language + ".json")))
		d.DisallowUnknownFields()
		var text setupText
		if err := d.Decode(&text); err != nil {
			t.Errorf("%s: %v", language, err)
		}
		for f, v := range reflect.ValueOf(text).Fields() {
			if v.String() == "" {
				t.Errorf("%s: no %s", language, f.Name)
			}
		}
		if text.Language != language {
			t.Errorf("%s.json is in %q", language, text.Language)
		}
	}
}

// Whatever Outlook sends, the answer is one document.
func FuzzOutlook(f *testing.F) {
	a := newAutoconfig([]string{"gsp.example"}, gsp.Servers{Reading: gsp.Server{Host: "a", Port: 1}})
	for _, s := range []string{
		"<Autodiscover><Request><EMailAddress>a@gsp.example</EMailAddress><AcceptableResponseSchema>" + outlookMail + "</AcceptableResponseSchema></Request></Autodiscover>",
		"<Autodiscover><Request><EMailAddress>&lt;b>@gsp.example</EMailAddress><AcceptableResponseSchema>x</AcceptableResponseSchema></Request></Autodiscover>",
		"<!DOCTYPE a><a/>", "<a",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		d := xml.NewDecoder(bytes.NewReader(a.outlook(request)))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%q: got an answer that is no XML: %v", request, err)
			}
		}
	})
}
