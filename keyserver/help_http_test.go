package keyserver_test

import (
	"net/http"
	"strings"
	"testing"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/keyserver"
)

// The six official languages of the United Nations.
var languages = []string{"en", "ar", "zh", "fr", "ru", "es"}

// The link of each refusal leads to its page in each language, and from there
// to the same page in the others.
func TestHelpIsComplete(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, language := range languages {
		_, index := ask("GET", "/help/", "Accept-Language", language)
		for _, reason := range gsp.Reasons {
			path := "/help/" + string(reason)
			resp, body := ask("GET", path, "Accept-Language", language)
			if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("%s in %s: got %d, %s", path, language, resp.StatusCode, resp.Header.Get("Content-Type"))
				continue
			}
			wants := []string{
				"<!DOCTYPE html>", `<html lang="` + language + `" dir="`, `<code dir="ltr" translate="no">` + string(reason) + "</code>",
				"<h1>", "<ol>\n<li>", `href="/help/` + language + `/"`,
			}
			for _, other := range languages {
				wants = append(wants, `href="/help/`+other+"/"+string(reason)+`"`)
			}
			for _, want := range wants {
				if !strings.Contains(body, want) {
					t.Errorf("%s in %s: no %s", path, language, want)
				}
			}
			for _, unwanted := range []string{"<script", "style=", "src=", "http:", "https:", "`", "<p></p>", "<li></li>", "support@", "postmaster@"} {
				if strings.Contains(body, unwanted) {
					t.Errorf("%s in %s: has %s", path, language, unwanted)
				}
			}
			if !strings.Contains(index, `href="/help/`+language+"/"+string(reason)+`"`) {
				t.Errorf("the index in %s has no link to %s", language, reason)
			}
			if resp, again := ask("GET", "/help/"+language+"/"+string(reason)); resp.StatusCode != 200 || again != body {
				t.Errorf("/help/%s/%s: got %d, want the same page", language, reason, resp.StatusCode)
			}
		}
		if got, want := strings.Count(index, "<li>"), len(languages)+len(gsp.Reasons); got != want {
			t.Errorf("the index in %s has %d links, want %d", language, got, want)
		}
		for _, path := range []string{"/help", "/help/" + language + "/", "/help/" + language} {
			if resp, body := ask("GET", path, "Accept-Language", language); resp.StatusCode != 200 || body != index {
				t.Errorf("%s in %s: got %d, want the index", path, language, resp.StatusCode)
			}
		}
	}
}

// An officer's first step out of these refusals is the form for the subject,
// and the setting that would hide it.
func TestHelpShowsTheFormForTheSubject(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, reason := range []gsp.Reason{gsp.NoUIM, gsp.BrokenUIM, gsp.UnknownUIM} {
		_, body := ask("GET", "/help/en/"+string(reason))
		_, step, _ := strings.Cut(body, "<ol>\n<li>")
		step, _, _ = strings.Cut(step, "</li>")
		if !strings.Contains(step, "[uim KE7######## n=12]") || !strings.Contains(step, "Encrypt the subject") {
			t.Errorf("%s: the first step is %q, want the form for the subject", reason, step)
		}
	}
}

func TestHelpInTheReadersLanguage(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, c := range []struct{ accepted, want string }{
		{"", "en"}, {"*", "en"}, {"de, *;q=0.1", "en"}, {";;;", "en"}, {strings.Repeat("-", 30_000), "en"},
		{"fr-CH, fr;q=0.9, en;q=0.8", "fr"}, {"en;q=0.1, RU", "ru"}, {"es-419,es;q=0.9", "es"}, {"ar-EG", "ar"},
		{"zh-TW, en;q=0.5", "zh"}, {"zh-Hant-HK, en", "zh"}, {"de, fr;q=0.5, en;q=0.2", "fr"}, {"fr;q=0, es;q=0.1", "es"},
		{"uk, en;q=0.5", "en"}, {"be", "en"},
	} {
		for path, status := range map[string]int{"/help/not-sealed": 200, "/help/": 200, "/help/no-such-reason": 404} {
			resp, body := ask("GET", path, "Accept-Language", c.accepted)
			if resp.StatusCode != status || !strings.Contains(body, `<html lang="`+c.want+`"`) {
				t.Errorf("%s for %.40q: got %d, %.80q, want %d in %s", path, c.accepted, resp.StatusCode, body, status, c.want)
			}
			if resp.Header.Get("Content-Language") != c.want || resp.Header.Get("Vary") != "Accept-Language" {
				t.Errorf("%s for %.40q: Content-Language %q, Vary %q", path, c.accepted, resp.Header.Get("Content-Language"), resp.Header.Get("Vary"))
			}
		}
	}
	// Who has chosen a language is asked no more.
	resp, body := ask("GET", "/help/ar/not-sealed", "Accept-Language", "es")
	if !strings.Contains(body, `<html lang="ar" dir="rtl">`) || resp.Header.Get("Content-Language") != "ar" || resp.Header.Get("Vary") != "" {
		t.Errorf("/help/ar/not-sealed: %.80q, Vary %q", body, resp.Header.Get("Vary"))
	}
}

// A page that does not exist is answered with the list of those that do.
func TestUnknownHelpPage(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, c := range []struct{ path, want string }{
		{"/help/no-such-reason", "es"}, {"/help/xx/not-sealed", "es"}, {"/help/en.json", "es"}, {"/help/../healthz", "es"},
		{"/help//", "es"}, {"/help/NOT-SEALED", "es"}, {"/help/<script>", "es"},
		{"/help/fr/no-such-reason", "fr"}, {"/help/fr/not-sealed/", "fr"},
	} {
		resp, body := ask("GET", c.path, "Accept-Language", "es")
		if resp.StatusCode != 404 || !strings.Contains(body, `<html lang="`+c.want+`"`) || strings.Contains(body, "<script") {
			t.Errorf("%s: got %d, %.80q, want 404 in %s", c.path, resp.StatusCode, body, c.want)
		}
		for _, reason := range gsp.Reasons {
			if !strings.Contains(body, `href="/help/`+c.want+"/"+string(reason)+`"`) {
				t.Errorf("%s: no link to %s", c.path, reason)
			}
		}
		if _, head := ask("HEAD", c.path); head != "" {
			t.Errorf("HEAD %s: a body of %d octets", c.path, len(head))
		}
	}
}

// A browser keeps a page for an hour and then asks whether it is another one.
func TestHelpIsCached(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	tags := map[string]string{}
	for _, path := range []string{"/help/style.css", "/help/en/", "/help/fr/", "/help/fr/not-sealed", "/help/fr/no-key"} {
		resp, body := ask("GET", path)
		tag := resp.Header.Get("ETag")
		if other, ok := tags[tag]; ok || tag == "" {
			t.Errorf("%s: entity tag %q is that of %q", path, tag, other)
		}
		tags[tag] = path
		if resp.Header.Get("Cache-Control") != "max-age=3600" {
			t.Errorf("%s: Cache-Control %q", path, resp.Header.Get("Cache-Control"))
		}
		head, _ := ask("HEAD", path)
		if head.StatusCode != 200 || head.ContentLength != int64(len(body)) || head.Header.Get("ETag") != tag {
			t.Errorf("HEAD %s: got %d, %d octets, tag %q, want 200, %d, %q", path, head.StatusCode, head.ContentLength, head.Header.Get("ETag"), len(body), tag)
		}
		again, rest := ask("GET", path, "If-None-Match", tag)
		if again.StatusCode != http.StatusNotModified || rest != "" {
			t.Errorf("%s again: got %d, %d octets, want 304", path, again.StatusCode, len(rest))
		}
	}
	// The same address in another language is another page.
	resp, _ := ask("GET", "/help/not-sealed", "Accept-Language", "fr")
	if other, _ := ask("GET", "/help/not-sealed", "Accept-Language", "ru", "If-None-Match", resp.Header.Get("ETag")); other.StatusCode != 200 {
		t.Errorf("in Russian with the tag of the French page: got %d, want 200", other.StatusCode)
	}
}

// Nothing is run, nothing comes from elsewhere, nobody frames a page.
func TestHelpIsStill(t *testing.T) {
	ask := open(t, &keyserver.Server{})
	for _, path := range []string{"/help/", "/help/ar/not-sealed", "/help/no-such-reason"} {
		resp, _ := ask("GET", path)
		const want = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
		if got := resp.Header.Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy %q, want %q", path, got, want)
		}
	}
	if resp, _ := ask("GET", "/help/style.css"); resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("style: got %d, %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
}
