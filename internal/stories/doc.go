// Package stories tells what people do with the gateway, as tests: each file
// in testdata is one story, named as a sentence, played on a true gateway with
// real sockets, TLS, OpenPGP and SQLite. It holds nothing but tests.
package stories
