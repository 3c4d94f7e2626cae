package keyserver

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/translation"
)

// The page about the keys of all Parties has one text a language.
//
//go:embed parties
var partiesFiles embed.FS

// partiesText is one language's file. What stands between backquotes is copied,
// as in the help pages; {domain} and {fingerprint} are filled in.
type partiesText struct {
	Language    string
	Direction   string // "ltr" or "rtl"
	Name        string // of the language, in itself
	Languages   string // what a screen reader calls the list of languages
	Title       string
	Intro       string
	File        string // heads of the table
	Signature   string
	Text        string
	Binary      string
	Digest      string
	Check       string // heading
	Steps       []string
	Fits        string // what to do if the signature does not
	Thunderbird string
	Mail        string
	Help        string // link
}

// The texts and the layout are read when the page is first asked for. A file of
// the program itself that is broken panics, which a test would have told.
var (
	partiesTexts = sync.OnceValue(func() map[gsp.Language]*partiesText {
		files, err := fs.Sub(partiesFiles, "parties")
		if err != nil {
			panic("keyserver: " + err.Error())
		}
		return translation.Once[partiesText](files)()
	})
	partiesLayout = sync.OnceValue(func() *template.Template {
		return template.Must(template.New("page.html").Funcs(template.FuncMap{"mark": mark}).ParseFS(partiesFiles, "parties/page.html"))
	})
)

// servePartiesPage answers /keys/ in the language that the path names, or in
// the best one of those that the browser does.
func (s *Server) servePartiesPage(w http.ResponseWriter, r *http.Request, ring gsp.Keyring, language string) {
	h := w.Header()
	if language == "" {
		h.Set("Vary", "Accept-Language")
		language = chooseLanguage(r.Header.Get("Accept-Language"))
	}
	text := partiesTexts()[gsp.Language(language)]
	fill := strings.NewReplacer("{domain}", s.Domain, "{fingerprint}", ring.Signer)
	view := struct {
		Text      *partiesText
		Domain    string
		Steps     []string
		Mail      string
		Languages []helpLink
	}{Text: text, Domain: s.Domain, Mail: fill.Replace(text.Mail)}
	for _, step := range text.Steps {
		view.Steps = append(view.Steps, fill.Replace(step))
	}
	for _, l := range helpLanguages {
		view.Languages = append(view.Languages, helpLink{
			Path: "/keys/" + l + "/", Language: l, Name: partiesTexts()[gsp.Language(l)].Name, Current: l == language,
		})
	}
	var b bytes.Buffer
	if err := partiesLayout().Execute(&b, view); err != nil {
		panic("keyserver: make the page of the keys of all Parties: " + err.Error())
	}
	h.Set("Content-Language", language)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	sendHelp(w, r, b.Bytes())
}
