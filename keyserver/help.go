package keyserver

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"

	"golang.org/x/text/language"

	"gsp.example/gsp/internal/gsp"
)

// The help pages have one source a language: help/en.json and, beside it, one
// such file for each further language. All pages are made at the start.
//
//go:embed help
var helpFiles embed.FS

// helpLanguages are those that have a file, the first one for everybody else.
var helpLanguages = []string{"en"}

// helpText is one language's file.
type helpText struct {
	Language  string
	Direction string // "ltr" or "rtl"
	Name      string // of the language, in itself
	Title     string
	Intro     string
	Meaning   string // heading
	Steps     string // heading
	All       string // link
	Still     string
	Kept      string
	Groups    []struct {
		Title string
		Pages []helpPage
	}
}

// helpPage explains one refusal.
type helpPage struct {
	Reason  gsp.Reason
	Title   string
	Meaning string
	Steps   []string
}

// help holds the pages ready to send, by path below /help/: "", "not-sealed",
// "fr/", "fr/not-sealed".
type help struct {
	pages   map[string][]byte
	style   []byte
	matcher language.Matcher
}

type helpLink struct {
	Path, Language, Name string
	Current              bool
}

// loadHelp makes all pages. It panics if a file of the program itself is
// broken, which a test would have told.
func loadHelp(domain string) *help {
	h := &help{pages: make(map[string][]byte), style: helpFile("style.css")}
	layout := template.Must(template.New("").Parse(string(helpFile("page.html"))))
	var texts []helpText
	var tags []language.Tag
	for _, name := range helpLanguages {
		var text helpText
		if err := json.Unmarshal(helpFile(name+".json"), &text); err != nil {
			panic("keyserver: read help/" + name + ".json: " + err.Error())
		}
		texts = append(texts, text)
		tags = append(tags, language.Make(name))
	}
	h.matcher = language.NewMatcher(tags)
	for _, text := range texts {
		h.render(layout, domain, text, helpPage{}, texts)
		for _, group := range text.Groups {
			for _, page := range group.Pages {
				h.render(layout, domain, text, page, texts)
			}
		}
	}
	return h
}

func helpFile(name string) []byte {
	b, err := helpFiles.ReadFile("help/" + name)
	if err != nil {
		panic("keyserver: " + err.Error())
	}
	return b
}

// render makes one page, or the index where page is the zero helpPage.
func (h *help) render(layout *template.Template, domain string, text helpText, page helpPage, texts []helpText) {
	name, title := "page", page.Title
	if page.Reason == "" {
		name, title = "index", text.Title
	}
	var links []helpLink
	for _, other := range texts {
		links = append(links, helpLink{
			Path:     "/help/" + other.Language + "/" + string(page.Reason),
			Language: other.Language,
			Name:     other.Name,
			Current:  other.Language == text.Language,
		})
	}
	if len(links) < 2 {
		links = nil
	}
	var b bytes.Buffer
	if err := layout.ExecuteTemplate(&b, name, struct {
		Text      helpText
		Page      helpPage
		Title     string
		Domain    string
		Index     string
		Languages []helpLink
	}{text, page, title, domain, "/help/" + text.Language + "/", links}); err != nil {
		panic("keyserver: make help page: " + err.Error())
	}
	h.pages[text.Language+"/"+string(page.Reason)] = b.Bytes()
}

// serve answers below /help/. A path without a language gets the best one of
// those that the browser names.
func (h *help) serve(w http.ResponseWriter, r *http.Request, path string) {
	header := w.Header()
	header.Set("Cache-Control", "max-age=3600")
	if path == "style.css" {
		header.Set("Content-Type", "text/css; charset=utf-8")
		w.Write(h.style) // the client is gone if it fails
		return
	}
	page, ok := h.pages[path]
	if !ok {
		header.Set("Vary", "Accept-Language")
		page, ok = h.pages[h.choose(r)+"/"+path]
	}
	if !ok {
		notFound(w)
		return
	}
	// Nothing but the style sheet is loaded, nothing is run, nobody frames it.
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("Content-Type", "text/html; charset=utf-8")
	w.Write(page)
}

func (h *help) choose(r *http.Request) string {
	wanted, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	_, i, _ := h.matcher.Match(wanted...)
	return helpLanguages[i]
}
