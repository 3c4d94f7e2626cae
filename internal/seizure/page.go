package seizure

import (
	"bytes"
	"html"
	"slices"
	"strings"
)

// Elements of a web page that part words, that part lines, and whose text
// nobody sees.
var (
	wordElements = []string{"td", "th", "img", "input"}
	lineElements = []string{
		"br", "p", "div", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "blockquote",
		"body", "head", "title", "option", "section", "article", "dt", "dd",
	}
	unseenElements = []string{"script", "style", "title", "template"}
)

// isPage reports whether a text is a web page.
func isPage(sample []byte) bool {
	head := strings.ToLower(string(bytes.TrimSpace(sample[:min(len(sample), 512)])))
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html") || strings.HasPrefix(head, "<table")
}

// pageText returns what a web page shows: a line for each of its lines, with
// tabs between the cells of its tables. Style sheets are not asked.
func pageText(page []byte) []byte {
	var out []byte
	for len(page) > 0 {
		at := bytes.IndexByte(page, '<')
		if at < 0 {
			at = len(page)
		}
		out = appendShown(out, page[:at])
		page = page[at:]
		if len(page) == 0 {
			break
		}
		name, rest := pageTag(page)
		page = rest
		if slices.Contains(unseenElements, name) {
			page = afterEnd(page, name)
			continue
		}
		switch name = strings.TrimPrefix(name, "/"); {
		case name == "<":
			out = append(out, '<')
		case slices.Contains(lineElements, name):
			if out = bytes.TrimRight(out, " \t"); len(out) > 0 && out[len(out)-1] != '\n' {
				out = append(out, '\n')
			}
		case slices.Contains(wordElements, name):
			out = append(out, '\t')
		}
	}
	return out
}

// pageTag returns the name of the tag that page begins with, in small letters,
// "" for a comment and "<" for a sign that begins no tag, and what follows.
func pageTag(page []byte) (name string, rest []byte) {
	if comment, ok := bytes.CutPrefix(page, []byte("<!--")); ok {
		if _, rest, ok := bytes.Cut(comment, []byte("-->")); ok {
			return "", rest
		}
		return "", nil
	}
	if len(page) < 2 || page[1] != '/' && page[1] != '!' && page[1] != '?' && !isLetter(page[1]) {
		return "<", page[1:]
	}
	end, quote := -1, byte(0)
	for i := 1; i < len(page) && end < 0; i++ {
		switch c := page[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			end = i
		}
	}
	if end < 0 { // nobody closed the quote, or the tag
		if end = bytes.IndexByte(page, '>'); end < 0 {
			return "", nil
		}
	}
	name = strings.ToLower(string(page[1:end]))
	if i := strings.IndexAny(name[1:], " \t\r\n/"); i >= 0 {
		name = name[:i+1]
	}
	return name, page[end+1:]
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// afterEnd returns what follows the end of an element.
func afterEnd(page []byte, name string) []byte {
	end := []byte("</" + name)
	for at := 0; at+len(end) <= len(page); at++ {
		next := bytes.IndexByte(page[at:], '<')
		if next < 0 {
			break
		}
		if at += next; bytes.EqualFold(page[at:min(len(page), at+len(end))], end) {
			_, rest := pageTag(page[at:])
			return rest
		}
	}
	return nil
}

// appendShown appends text with its entities read and its line ends as spaces,
// which is what a page shows of them.
func appendShown(out, text []byte) []byte {
	shown := html.UnescapeString(string(text))
	for i := range len(shown) {
		c := shown[i]
		if c == '\r' || c == '\n' || c == '\t' {
			c = ' '
		}
		out = append(out, c)
	}
	return out
}
