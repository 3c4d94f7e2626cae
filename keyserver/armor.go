package keyserver

import (
	"bytes"
	"encoding/base64"
)

// armorLine is how many octets a line of armour holds: 64 characters.
const armorLine = 48

// armor writes certificates as text (RFC 9580, section 6.2), with the checksum
// that older programs ask for.
func armor(octets []byte) []byte {
	var b bytes.Buffer
	b.WriteString("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n")
	for rest := octets; len(rest) > 0; {
		line := rest[:min(armorLine, len(rest))]
		rest = rest[len(line):]
		b.WriteString(base64.StdEncoding.EncodeToString(line) + "\n")
	}
	sum := crc24(octets)
	b.WriteString("=" + base64.StdEncoding.EncodeToString([]byte{byte(sum >> 16), byte(sum >> 8), byte(sum)}) + "\n")
	b.WriteString("-----END PGP PUBLIC KEY BLOCK-----\n")
	return b.Bytes()
}

// crc24 is the checksum of armour (RFC 9580, section 6.1).
func crc24(octets []byte) uint32 {
	sum := uint32(0xb704ce)
	for _, c := range octets {
		sum ^= uint32(c) << 16
		for range 8 {
			sum <<= 1
			if sum&0x1000000 != 0 {
				sum ^= 0x1864cfb
			}
		}
	}
	return sum & 0xffffff
}
