package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/peer"
)

// scram is the server's side of one exchange of SCRAM-SHA-256 (RFC 5802,
// section 5; RFC 7677). It decides nothing but whether the client knows the
// password behind a credential, on this connection.
type scram struct {
	plus    bool      // the client chose the mechanism that binds to the connection
	offered bool      // that mechanism was offered
	peer    peer.Peer // whose bindings there are
	find    func(name string) gsp.Credential

	name, identity string // as the client wrote them; identity is "" for none
	credential     gsp.Credential
	header         string // gs2-header
	binding        []byte // data of the channel binding that the client named
	bare           string // client-first-message-bare
	nonce          string // the client's and ours
	challenge      string // server-first-message
}

var (
	errMalformed = errors.New("the message does not follow the grammar")
	errDowngrade = errors.New("the client was not shown the mechanism with channel binding")
	errBinding   = errors.New("the channel binding is that of another connection, or of an unknown kind")
	errIdentity  = errors.New("the client wants to act for somebody else")
	errProof     = errors.New("the proof is wrong")
)

// nonceSize is in octets.
const nonceSize = 18

// first reads client-first-message and returns server-first-message.
func (s *scram) first(message string) (string, error) {
	flag, rest, ok1 := strings.Cut(message, ",")
	identity, bare, ok2 := strings.Cut(rest, ",")
	if !ok1 || !ok2 {
		return "", errMalformed
	}
	if err := s.bind(flag); err != nil {
		return "", err
	}
	s.header, s.bare = message[:len(message)-len(bare)], bare
	if identity != "" {
		if s.identity, ok1 = saslName(identity, "a="); !ok1 {
			return "", errMalformed
		}
	}
	// A mandatory extension, "m=", would stand in the place of the name.
	parts := strings.SplitN(bare, ",", 3)
	if len(parts) < 2 {
		return "", errMalformed
	}
	nonce, ok := strings.CutPrefix(parts[1], "r=")
	if !ok || nonce == "" || strings.ContainsFunc(nonce, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errMalformed
	}
	if s.name, ok = saslName(parts[0], "n="); !ok {
		return "", errMalformed
	}
	s.credential = s.find(s.name)

	ours := make([]byte, nonceSize)
	rand.Read(ours) // never fails, by its contract
	s.nonce = nonce + base64.StdEncoding.EncodeToString(ours)
	s.challenge = "r=" + s.nonce + ",s=" + base64.StdEncoding.EncodeToString(s.credential.Salt) +
		",i=" + strconv.Itoa(s.credential.Iterations)
	return s.challenge, nil
}

// bind reads gs2-cbind-flag (RFC 5802, section 6).
func (s *scram) bind(flag string) error {
	kind, named := strings.CutPrefix(flag, "p=")
	switch {
	case named && s.plus:
		data, ok := s.peer.Binding(kind)
		if !ok {
			return errBinding
		}
		s.binding = data
		return nil
	case flag == "y" && s.offered:
		return errDowngrade // it could bind, and was told that we cannot
	case (flag == "y" || flag == "n") && !s.plus:
		return nil
	case named, flag == "y", flag == "n":
		return errBinding // the flag belongs to the other mechanism
	}
	return errMalformed
}

// final reads client-final-message and returns server-final-message.
func (s *scram) final(message string) (string, error) {
	end := strings.LastIndex(message, ",p=")
	if end < 0 {
		return "", errMalformed
	}
	parts := strings.SplitN(message[:end], ",", 3)
	if len(parts) < 2 {
		return "", errMalformed
	}
	channel, ok1 := decode(parts[0], "c=")
	proof, ok2 := decode(message[end+1:], "p=")
	if !ok1 || !ok2 || len(proof) != sha256.Size {
		return "", errMalformed
	}
	if want := slices.Concat([]byte(s.header), s.binding); subtle.ConstantTimeCompare(channel, want) != 1 {
		return "", errBinding
	}
	if parts[1] != "r="+s.nonce {
		return "", errMalformed
	}
	text := s.bare + "," + s.challenge + "," + message[:end]
	key := keyedHash(s.credential.StoredKey, text)
	subtle.XORBytes(key, key, proof)
	stored := sha256.Sum256(key)
	if subtle.ConstantTimeCompare(stored[:], s.credential.StoredKey) != 1 {
		return "", errProof
	}
	return "v=" + base64.StdEncoding.EncodeToString(keyedHash(s.credential.ServerKey, text)), nil
}

// saslName reads an attribute whose value has "," and "=" written as "=2C" and
// "=3D".
func saslName(attribute, prefix string) (string, bool) {
	value, ok := strings.CutPrefix(attribute, prefix)
	if !ok || value == "" {
		return "", false
	}
	name := strings.NewReplacer("=2C", ",", "=3D", "=").Replace(value)
	return name, strings.Count(value, "=") == strings.Count(value, "=2C")+strings.Count(value, "=3D")
}

func decode(attribute, prefix string) ([]byte, bool) {
	value, ok := strings.CutPrefix(attribute, prefix)
	if !ok {
		return nil, false
	}
	data, err := base64.StdEncoding.DecodeString(value)
	return data, err == nil && !strings.ContainsAny(value, "\r\n") // which the decoder skips
}
