package pgpcert

import (
	_ "embed"
	"encoding/hex"
	"strings"
	"sync"
)

// wordFile is the PGP word list of Juola and Zimmermann, one octet a line: the
// word for an even place, of two syllables, and that for an odd one, of three,
// so that a word that is left out or doubled is heard.
//
//go:embed words.txt
var wordFile string

var wordList = sync.OnceValue(func() [][]string {
	var list [][]string
	for line := range strings.Lines(wordFile) {
		list = append(list, strings.Fields(line))
	}
	return list
})

// Words returns a fingerprint as words to be read out over the telephone, one an
// octet. It is nil for what is not hexadecimal.
func Words(fingerprint string) []string {
	octets, err := hex.DecodeString(fingerprint)
	if err != nil {
		return nil
	}
	words := make([]string, len(octets))
	for i, b := range octets {
		words[i] = wordList()[b][i%2]
	}
	return words
}
