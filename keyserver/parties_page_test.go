package keyserver_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"gsp.example/gsp/keyserver"
)

// The page says how to check the file, in the reader's language, with nothing
// left to be filled in.
func TestThePageOfTheKeysOfAllParties(t *testing.T) {
	ask := open(t, &keyserver.Server{Directory: index()})
	english := texts(t, "en")
	for _, language := range languages {
		resp, body := ask("GET", "/keys/", "Accept-Language", language)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
			resp.Header.Get("Content-Language") != language || resp.Header.Get("Vary") != "Accept-Language" {
			t.Fatalf("%s: got %d, %v", language, resp.StatusCode, resp.Header)
		}
		for _, want := range []string{
			`<html lang="` + language + `" dir="`, "gpg --verify parties.pgp.sig parties.pgp", "keys@gsp.example", euFingerprint,
			`href="/keys/parties.asc.sig"`, `href="/keys/parties.pgp"`, `href="/help/` + language + `/"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s", language, want)
			}
		}
		for _, unwanted := range []string{"{", "`", "<script", "src=", "<td></td></tr>", "<p></p>", "<li></li>"} {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s: has %s", language, unwanted)
			}
		}
		if _, again := ask("GET", "/keys/"+language+"/"); again != body {
			t.Errorf("/keys/%s/: got another page", language)
		}
		for name, text := range texts(t, language) {
			if text == "" || language != "en" && len(text) > 20 && text == english[name] {
				t.Errorf("%s: %s is not translated", language, name)
			}
		}
	}
}

// texts are those of a language by name.
func texts(t *testing.T, language string) map[string]string {
	t.Helper()
	file, err := os.ReadFile("parties/texts/" + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(file, &read); err != nil {
		t.Fatal(err)
	}
	flat := map[string]string{}
	for name, v := range read {
		if text, ok := v.(string); ok {
			flat[name] = text
		}
	}
	if steps, ok := read["steps"].([]any); !ok || len(steps) != 4 || len(flat) != 16 {
		t.Errorf("%s: got %d texts and steps %v, want 16 and 4", language, len(flat), read["steps"])
	}
	return flat
}
