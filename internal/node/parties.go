package node

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/registry"
	"gsp.example/gsp/internal/wks"
)

// parties makes the file of all Parties' keys and signs it with the gateway's
// key. Its methods may be called concurrently.
type parties struct {
	key *wks.Key
	who *registry.Registry

	mu   sync.Mutex
	ring gsp.Keyring // as it was last asked for
}

// keyring returns the file as the directory is now. It is signed anew only
// when it is another one, so that asking costs nothing and a copy stays good.
func (p *parties) keyring() (gsp.Keyring, error) {
	ring := gsp.Keyring{Signer: p.key.Cert().Fingerprint()}
	for _, l := range p.who.Snapshot().Authorities() {
		ring.Binary.Bytes = append(ring.Binary.Bytes, l.Bytes...)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ring.Signer != "" && bytes.Equal(p.ring.Binary.Bytes, ring.Binary.Bytes) {
		return p.ring, nil
	}
	ring.Armoured.Bytes = pgpcert.Armor(ring.Binary.Bytes)
	now := time.Now()
	ring.Signed = now
	for _, file := range []*gsp.SignedFile{&ring.Binary, &ring.Armoured} {
		signature, err := p.key.Sign(file.Bytes, now)
		if err != nil {
			return gsp.Keyring{}, fmt.Errorf("sign the keys of all Parties: %w", err)
		}
		file.Signature = signature
	}
	p.ring = ring
	return ring, nil
}
