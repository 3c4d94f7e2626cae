package gsp

import (
	"crypto/sha1"
	"encoding/base32"
)

// zBase32 is the alphabet that the Web Key Directory asks for. Of 20 octets
// it makes exactly 32 characters, so padding never arises.
var zBase32 = base32.NewEncoding("ybndrfg8ejkmcpqxot1uwisza345h769").WithPadding(base32.NoPadding)

// WKDHash returns the name under which the Web Key Directory publishes the
// key of a local part: 32 characters (draft-koch-openpgp-webkey-service-22,
// section 3.1). Only ASCII capitals are lower-cased. It hides nothing: the
// local parts of a closed group are guessed in no time.
func WKDHash(local string) string {
	sum := sha1.Sum([]byte(lowerASCII(local)))
	return zBase32.EncodeToString(sum[:])
}
