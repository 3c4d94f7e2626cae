package sealed

import "encoding/base64"

// crc24 is the checksum of armour (RFC 9580, section 6.1). The RFC wants
// readers to ignore a wrong one; a gateway can still ask for the mail again,
// a reader no longer can, so we refuse it.
type crc24 uint32

const (
	crcStart crc24 = 0xb704ce
	crcPoly  crc24 = 0x1864cfb
)

// crcTables[k][b] is the effect of octet b followed by k zero octets, so that
// eight octets take one step. A checksum of one octet a step would take as
// long as all the rest of the walk.
var crcTables = func() (t [8][256]uint32) {
	for b := range t[0] {
		c := uint32(b) << 16
		for range 8 {
			if c <<= 1; c&0x1000000 != 0 {
				c ^= uint32(crcPoly)
			}
		}
		t[0][b] = c
	}
	for k := 1; k < len(t); k++ {
		for b := range t[k] {
			c := t[k-1][b]
			t[k][b] = c<<8&0xffffff ^ t[0][c>>16]
		}
	}
	return t
}()

func (c *crc24) add(p []byte) {
	t := &crcTables
	x := uint32(*c)
	for len(p) >= 8 {
		x = t[7][p[0]^byte(x>>16)] ^ t[6][p[1]^byte(x>>8)] ^ t[5][p[2]^byte(x)] ^
			t[4][p[3]] ^ t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]]
		p = p[8:]
	}
	for _, b := range p {
		x = x<<8&0xffffff ^ t[0][byte(x>>16)^b]
	}
	*c = crc24(x)
}

// matches reports whether text is the checksum in base64.
func (c crc24) matches(text []byte) bool {
	var sum [3]byte
	if len(text) != 4 {
		return false
	}
	n, err := base64.StdEncoding.Decode(sum[:], text)
	return err == nil && n == 3 && sum == [3]byte{byte(c >> 16), byte(c >> 8), byte(c)}
}
