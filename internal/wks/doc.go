// Package wks reads what is mailed to keys@ and writes the challenge that
// proves who has a key: the Web Key Directory Update Protocol
// (draft-koch-openpgp-webkey-service-22, section 4), and the same by hand for
// mail programs that do not know it.
//
// It holds the one private key of the gateway, which opens what is sealed for
// keys@ and nothing else: public certificates and codes. It also signs the file
// of all Parties' keys. No private key leaves
// the package but into the file that it is kept in. It decides nothing: whose a
// certificate may be is the registry's question, and what is answered the
// router's.
package wks
