package keyserver

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"gsp.example/gsp/internal/gsp"
)

// The help pages have one source a language: help/en.json and, beside it, one
// such file for each further language.
//
//go:embed help
var helpFiles embed.FS

// helpLanguages are those that have a file, the first one for everybody else.
var helpLanguages = []string{"en", "ar", "zh", "fr", "ru", "es"}

// helpText is one language's file. What stands between backquotes is written
// the same in all languages, and from left to right: addresses, commands, codes.
type helpText struct {
	Language     string
	Direction    string // "ltr" or "rtl"
	Name         string // of the language, in itself
	Title        string
	Intro        string
	Meaning      string // heading
	Steps        string // heading
	All          string // link
	Languages    string // what a screen reader calls the list of languages
	Missing      string // heading of the answer to an unknown address
	MissingIntro string
	Still        string
	Kept         string
	Groups       []struct {
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

// help makes each page when it is first asked for, and keeps it: all of them
// would delay the start by 30 ms and take 1 MiB, which most gateways never need.
type help struct {
	domain  string
	layout  *template.Template
	style   []byte
	texts   map[string]helpText      // by language
	pages   map[string]func() []byte // by path below /help/: "fr/" is the index, "fr/not-sealed" a page
	missing map[string]func() []byte // by language, for what is not in pages
}

// helpView is what page.html shows.
type helpView struct {
	Text      helpText
	Page      helpPage
	Domain    string
	Keys      helpLink // to the page about the keys of all Parties
	Languages []helpLink
}

type helpLink struct {
	Path, Language, Name string
	Current              bool
}

// loadHelp reads all texts. It panics if a file of the program itself is
// broken, which a test would have told.
func loadHelp(domain string) *help {
	h := &help{
		domain:  domain,
		layout:  template.Must(template.New("").Funcs(template.FuncMap{"mark": mark}).Parse(string(helpFile("page.html")))),
		style:   helpFile("style.css"),
		texts:   make(map[string]helpText),
		pages:   make(map[string]func() []byte),
		missing: make(map[string]func() []byte),
	}
	for _, name := range helpLanguages {
		var text helpText
		if err := json.Unmarshal(helpFile(name+".json"), &text); err != nil {
			panic("keyserver: read help/" + name + ".json: " + err.Error())
		}
		h.texts[name] = text
		h.pages[name+"/"] = h.once("index", text, helpPage{Title: text.Title})
		h.missing[name] = h.once("missing", text, helpPage{Title: text.Missing})
		for _, group := range text.Groups {
			for _, page := range group.Pages {
				h.pages[name+"/"+string(page.Reason)] = h.once("page", text, page)
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

// once returns what renders a page when it is first called.
func (h *help) once(name string, text helpText, page helpPage) func() []byte {
	return sync.OnceValue(func() []byte { return h.render(name, text, page) })
}

// render makes one page from the template of that name.
func (h *help) render(name string, text helpText, page helpPage) []byte {
	view := helpView{Text: text, Page: page, Domain: h.domain}
	view.Keys = helpLink{Path: "/keys/" + text.Language + "/", Name: partiesTexts()[gsp.Language(text.Language)].Title}
	for _, language := range helpLanguages {
		view.Languages = append(view.Languages, helpLink{
			Path:     "/help/" + language + "/" + string(page.Reason),
			Language: language,
			Name:     h.texts[language].Name,
			Current:  language == text.Language,
		})
	}
	var b bytes.Buffer
	if err := h.layout.ExecuteTemplate(&b, name, view); err != nil {
		panic("keyserver: make help page: " + err.Error())
	}
	return b.Bytes()
}

// shortCode is how many octets of code fit into one line on a telephone.
const shortCode = 24

// mark turns what stands between backquotes into code elements. Their direction
// is given, else Arabic text would show ke@ as @ke; and no browser translates
// them. Only long ones may go over the end of a line: programs break behind
// hyphens, which an officer would then copy as two words.
func mark(s string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		text := template.HTMLEscapeString(part)
		switch {
		case i%2 == 0:
			b.WriteString(text)
		case len(part) <= shortCode:
			b.WriteString(`<code dir="ltr" translate="no">` + text + `</code>`)
		default:
			b.WriteString(`<code class="long" dir="ltr" translate="no">` + text + `</code>`)
		}
	}
	return template.HTML(b.String())
}

// serve answers below /help/. A path without a language, which is what a
// refusal links to, gets the best one of those that the browser names.
func (h *help) serve(w http.ResponseWriter, r *http.Request, path string) {
	header := w.Header()
	if path == "style.css" {
		header.Set("Content-Type", "text/css; charset=utf-8")
		sendHelp(w, r, h.style)
		return
	}
	language, reason, _ := strings.Cut(path, "/")
	if !slices.Contains(helpLanguages, language) {
		header.Set("Vary", "Accept-Language")
		language, reason = chooseLanguage(r.Header.Get("Accept-Language")), path
	}
	header.Set("Content-Language", language)
	header.Set("Content-Type", "text/html; charset=utf-8")
	// Nothing but the style sheet is loaded, nothing is run, nobody frames it.
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	page, ok := h.pages[language+"/"+reason]
	if !ok {
		header.Set("Cache-Control", "max-age=60")
		w.WriteHeader(http.StatusNotFound)
		w.Write(h.missing[language]()) // the client is gone if it fails; net/http leaves it out for HEAD
		return
	}
	sendHelp(w, r, page())
}

// sendHelp answers GET and HEAD, whole, in part or with 304.
func sendHelp(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// chooseLanguage returns the first language of an Accept-Language field that
// has pages. language.Matcher would be cleverer than readers like: it answers
// "be" with Russian, and "zh-Hant-HK, en" with English.
func chooseLanguage(accepted string) string {
	wanted, _, _ := language.ParseAcceptLanguage(accepted) // what cannot be read asks for nothing
	for _, tag := range wanted {
		if base, _ := tag.Base(); slices.Contains(helpLanguages, base.String()) {
			return base.String()
		}
	}
	return helpLanguages[0]
}
