package demo

import "testing"

func TestFill(t *testing.T) {
	for _, test := range []struct{ lead, next, text, want string }{
		{" 1  ", "", "short", " 1  short\n"},
		{" 1  ", "", "", " 1  \n"},
		{"", "", "columns       stay 5", "columns       stay 5\n"},
		{
			" 1  ", "    ", "the quick brown fox jumps over the lazy dog, and then over the fence to the next",
			" 1  the quick brown fox jumps over the lazy dog, and then over the fence to\n    the next\n",
		},
		{
			" 1  ", "    ", "the quick brown fox jumps over the lazy dog, and then over the fence too full",
			" 1  the quick brown fox jumps over the lazy dog, and then over the fence too\n    full\n",
		},
		{
			"> ", "> ", "/a/folder/with/a/very/long/name/that/does/not/fit/into/one/line/of/the/terminal/at/all whole",
			"> /a/folder/with/a/very/long/name/that/does/not/fit/into/one/line/of/the/terminal/at/all\n> whole\n",
		},
	} {
		got := fill(test.lead, test.next, test.text)
		if got != test.want {
			t.Errorf("fill(%q, %q, %q): got\n%swant\n%s", test.lead, test.next, test.text, got, test.want)
		}
	}
}
