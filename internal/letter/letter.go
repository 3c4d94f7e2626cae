// Package letter writes what is handed over or kept on paper: Comparison, the
// page by which a key is compared by telephone, and Letter, the sheet that a new
// officer is handed: address,
// password, servers, and how to set up a mail program, make an OpenPGP key and
// have it published. It is one page of A4, as HTML to be printed or as plain
// text, in the six languages of the United Nations, and meant for paper: the
// gateway neither sends nor keeps it.
package letter

import (
	"bytes"
	"embed"
	"html"
	"html/template"
	"strings"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/translation"
)

// Letter is what a sheet says. It has a password in it: what formats it, a log
// for instance, sees the address only.
type Letter struct {
	Language gsp.Language // "" for English
	Name     string       // of the officer, "" where it is not known
	Party    string       // its name
	Date     time.Time
	Address  string
	Until    gsp.Day // the account's last day, "" for no end
	Password string
	Support  string // address of the Secretariat, "" where none can be written to
	Servers  gsp.Servers
	Keys     string // address that takes keys by mail, "" where the administrator takes them
	CA       string // SHA-256 fingerprint of the authority to be trusted, "" for one that programs know
}

// String returns whose letter it is.
func (l Letter) String() string { return "letter to " + l.Address }

// GoString returns what String does.
func (l Letter) GoString() string { return l.String() }

// texts is one language's file. A name in braces is filled in.
type texts struct {
	Direction     string // "ltr" or "rtl"
	Colon         string // between a label and what it labels
	Title         string
	Intro         string
	For           string
	Date          string
	Address       string
	Password      string
	Spelling      string // of the password
	Until         string // the account can be used
	Server        string
	Port          string
	Incoming      string
	Outgoing      string
	Security      string
	User          string
	Whole         string // address
	Method        string
	Normal        string // password
	Steps         string // heading
	Trust         string // where there is a CA
	Account       string
	Key           string
	Send          string // where there are Keys
	Hand          string // where there are none
	Read          string
	Backup        string
	Other         string
	Fingerprint   string
	Lost          string // heading
	LostPassword  string
	LostKey       string
	Help          string // where there is Support
	Ask           string // where there is none
	Administrator string
	Telephone     string

	Comparison comparisonTexts // the sheet of Comparison
}

// The texts have one file a language, the page has one layout.
var (
	//go:embed texts
	textFiles embed.FS

	//go:embed page.html
	page string
)

var allTexts = translation.Once[texts](textFiles)

// language returns the language that the letter is in.
func (l Letter) language() gsp.Language {
	if _, ok := allTexts()[l.Language]; ok {
		return l.Language
	}
	return gsp.English
}

// steps returns what is to be done, in order, before values are filled in.
func (l Letter) steps(t *texts) []string {
	var steps []string
	if l.CA != "" {
		steps = append(steps, t.Trust)
	}
	publish := t.Hand
	if l.Keys != "" {
		publish = t.Send
	}
	return append(steps, t.Account, t.Key, publish, t.Read, t.Backup)
}

// questions returns whom to ask.
func (l Letter) questions(t *texts) string {
	if l.Support == "" {
		return t.Ask
	}
	return t.Help
}

// fill puts values into a text, each as quote writes it.
func (l Letter) fill(text string, quote func(string) string) string {
	var pairs []string
	for name, value := range map[string]string{
		"keys": l.Keys, "ca": l.ca(), "setup": l.Servers.Directory.URL("/setup/"),
		"help": l.Servers.Directory.URL("/help/"), "support": l.Support,
	} {
		pairs = append(pairs, "{"+name+"}", quote(value))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// ca returns the fingerprint in two halves, since it fits no line.
func (l Letter) ca() string {
	if half := len(l.CA) / 2; len(l.CA) > 64 && l.CA[half] == ':' {
		return l.CA[:half+1] + " " + l.CA[half+1:]
	}
	return l.CA
}

// lastMoment returns the end of the account's last day.
func (l Letter) lastMoment() string { return string(l.Until) + ", 24:00 UTC" }

// recipient returns whom the letter is for.
func (l Letter) recipient() string {
	if l.Name == "" {
		return l.Party
	}
	return l.Name + ", " + l.Party
}

// layout is the page.
var layout = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(page)) })

// HTML returns the letter as a page that needs nothing beside it.
func (l Letter) HTML() []byte {
	t := allTexts()[l.language()]
	inline := func(text string) template.HTML {
		return template.HTML(l.fill(html.EscapeString(text), func(value string) string {
			return `<code dir="ltr">` + html.EscapeString(value) + `</code>`
		}))
	}
	view := struct {
		Letter
		Text                                     *texts
		Code                                     gsp.Language
		To, Day, LastMoment                      string
		Groups                                   []string // of the password
		Blanks                                   [10]struct{}
		Steps                                    []template.HTML
		Other, LostPassword, LostKey, HelpSource template.HTML
	}{
		Letter: l, Text: t, Code: l.language(), To: l.recipient(), Day: l.Date.Format(time.DateOnly), LastMoment: l.lastMoment(),
		Groups: strings.Split(l.Password, "-"),
		Other:  inline(t.Other), LostPassword: inline(t.LostPassword), LostKey: inline(t.LostKey), HelpSource: inline(l.questions(t)),
	}
	for _, step := range l.steps(t) {
		view.Steps = append(view.Steps, inline(step))
	}
	var b bytes.Buffer
	if err := layout().Execute(&b, view); err != nil {
		panic("letter: write page: " + err.Error()) // of the program's own layout
	}
	return b.Bytes()
}
