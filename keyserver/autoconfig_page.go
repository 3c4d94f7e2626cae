package keyserver

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// The page for people has one text a language.
//
//go:embed autoconfig
var setupFiles embed.FS

// setupText is one language's file. What stands between backquotes is copied,
// as in the help pages.
type setupText struct {
	Language  string
	Direction string // "ltr" or "rtl"
	Name      string // of the language, in itself
	Languages string // what a screen reader calls the list of languages
	Title     string
	Intro     string
	Apple     string // heading
	AppleHow  string
	Address   string // what to type
	Download  string // the button
	AppleThen string
	Seal      string // what Apple's own program lacks
	Hand      string // heading
	HandHow   string
	Incoming  string
	Outgoing  string
	Server    string // heads of the table
	Port      string
	Security  string
	User      string
	Method    string
	Whole     string // address
	Normal    string // password
	Keys      string // what is to be done next
	Help      string // link
}

// setupPages are the pages by language.
type setupPages map[string][]byte

// makePages renders all pages. It panics if a file of the program itself is
// broken, which a test would have told.
func (a *autoconfig) makePages() setupPages {
	layout := template.Must(template.New("").Funcs(template.FuncMap{"mark": mark}).Parse(string(setupFile("page.html"))))
	texts := make([]setupText, len(helpLanguages))
	var links []helpLink
	for i, language := range helpLanguages {
		if err := json.Unmarshal(setupFile(language+".json"), &texts[i]); err != nil {
			panic("keyserver: read autoconfig/" + language + ".json: " + err.Error())
		}
		links = append(links, helpLink{Path: "/setup/" + language + "/", Language: language, Name: texts[i].Name})
	}
	pages := setupPages{}
	for i, language := range helpLanguages {
		for j := range links {
			links[j].Current = i == j
		}
		var b bytes.Buffer
		if err := layout.Execute(&b, struct {
			Text      setupText
			Domain    string
			Profile   string
			Servers   gsp.Servers
			Languages []helpLink
		}{texts[i], a.domain, "/setup/" + appleName, a.servers, links}); err != nil {
			panic("keyserver: make set-up page: " + err.Error())
		}
		pages[language] = b.Bytes()
	}
	return pages
}

func setupFile(name string) []byte {
	b, err := setupFiles.ReadFile("autoconfig/" + name)
	if err != nil {
		panic("keyserver: " + err.Error())
	}
	return b
}

// servePage answers below /setup/ in the language that the path names, or in
// the best one of those that the browser does.
func (a *autoconfig) servePage(w http.ResponseWriter, r *http.Request, path string) {
	language := strings.TrimSuffix(path, "/")
	h := w.Header()
	switch {
	case path == "style.css":
		h.Set("Content-Type", "text/css; charset=utf-8")
		sendHelp(w, r, setupFile(path))
		return
	case path == "":
		h.Set("Vary", "Accept-Language")
		language = chooseLanguage(r.Header.Get("Accept-Language"))
	case !slices.Contains(helpLanguages, language):
		notFound(w)
		return
	}
	h.Set("Content-Language", language)
	h.Set("Content-Type", "text/html; charset=utf-8")
	// Nothing but the style sheet is loaded, nothing is run, nobody frames it.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	sendHelp(w, r, a.pages()[language])
}
