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
	"time"

	"golang.org/x/text/language"

	"gsp.example/gsp/internal/gsp"
)

// The help pages have one source a language: help/en.json and, beside it, one
// such file for each further language. All pages are made at the start.
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

// help holds the answers ready to send.
type help struct {
	pages   map[string]helpAnswer // by path below /help/: "fr/", "fr/not-sealed"
	missing map[string]helpAnswer // by language
	style   helpAnswer
}

// helpAnswer is a page and its entity tag.
type helpAnswer struct {
	body []byte
	tag  string
}

type helpLink struct {
	Path, Language, Name string
	Current              bool
}

// loadHelp makes all pages. It panics if a file of the program itself is
// broken, which a test would have told.
func loadHelp(domain string) *help {
	h := &help{
		pages:   make(map[string]helpAnswer),
		missing: make(map[string]helpAnswer),
		style:   newHelpAnswer(helpFile("style.css")),
	}
	var texts []helpText
	for _, name := range helpLanguages {
		var text helpText
		if err := json.Unmarshal(helpFile(name+".json"), &text); err != nil {
			panic("keyserver: read help/" + name + ".json: " + err.Error())
		}
		texts = append(texts, text)
	}
	layout := template.Must(template.New("").Funcs(template.FuncMap{"mark": mark}).Parse(string(helpFile("page.html"))))
	for _, text := range texts {
		// The links of an answer to an unknown address lead to the indexes.
		h.missing[text.Language] = render(layout, "missing", domain, text, helpPage{Title: text.Missing}, texts)
		h.pages[text.Language+"/"] = render(layout, "index", domain, text, helpPage{Title: text.Title}, texts)
		for _, group := range text.Groups {
			for _, page := range group.Pages {
				h.pages[text.Language+"/"+string(page.Reason)] = render(layout, "page", domain, text, page, texts)
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

// render makes one answer from the template of that name.
func render(layout *template.Template, name, domain string, text helpText, page helpPage, texts []helpText) helpAnswer {
	var links []helpLink
	for _, other := range texts {
		links = append(links, helpLink{
			Path:     "/help/" + other.Language + "/" + string(page.Reason),
			Language: other.Language,
			Name:     other.Name,
			Current:  other.Language == text.Language,
		})
	}
	var b bytes.Buffer
	if err := layout.ExecuteTemplate(&b, name, struct {
		Text      helpText
		Page      helpPage
		Domain    string
		Index     string
		Languages []helpLink
	}{text, page, domain, "/help/" + text.Language + "/", links}); err != nil {
		panic("keyserver: make help page: " + err.Error())
	}
	return newHelpAnswer(b.Bytes())
}

func newHelpAnswer(body []byte) helpAnswer {
	sum := sha256.Sum256(body)
	return helpAnswer{bytes.Clone(body), `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
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
		h.style.send(w, r)
		return
	}
	name, page, _ := strings.Cut(path, "/")
	if !slices.Contains(helpLanguages, name) {
		header.Set("Vary", "Accept-Language")
		name, page = chooseLanguage(r.Header.Get("Accept-Language")), path
	}
	header.Set("Content-Language", name)
	header.Set("Content-Type", "text/html; charset=utf-8")
	// Nothing but the style sheet is loaded, nothing is run, nobody frames it.
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	if answer, ok := h.pages[name+"/"+page]; ok {
		answer.send(w, r)
		return
	}
	header.Set("Cache-Control", "max-age=60")
	w.WriteHeader(http.StatusNotFound)
	w.Write(h.missing[name].body) // the client is gone if it fails; net/http leaves it out for HEAD
}

// send answers GET and HEAD, whole, in part or with 304.
func (a helpAnswer) send(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Header().Set("ETag", a.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
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
