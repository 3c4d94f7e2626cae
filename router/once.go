package router

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

// OnceFor is how long the same mail is known again: longer than mail programs
// and queues try (RFC 5321, section 4.5.4.1, gives up after four to five days).
const OnceFor = 7 * 24 * time.Hour

// once makes the same mail of the same sender to the same recipients known
// again. What is sealed is compared by its octets, which differ each time that
// a program seals: two mails of one text are two mails, and a mail that was
// sent again by the program or the network is one. A mail without a Message-ID
// counts by its octets alone.
func once(s gsp.Submission, mail sealed.Message, f wire.Fields) gsp.Once {
	recipients := make([]string, len(s.Recipients))
	for i, a := range s.Recipients {
		recipients[i] = a.String()
	}
	slices.Sort(recipients)
	rest := sha256.New()
	digest := mail.Digest()
	rest.Write(digest[:])
	for _, line := range append([]string{s.Sender.String()}, recipients...) {
		rest.Write(append([]byte(line), '\n')) // none of them can hold a line feed
	}
	thread := gsp.OnceThread(f.MessageID)
	return gsp.Once{Key: [32]byte(append(thread[:], rest.Sum(nil)[:16]...)), Until: s.At.Add(OnceFor)}
}

// earlier answers a mail that cannot be accepted any more: with the receipt it
// had when it was stored, since its sender asks what became of that mail and
// not for another. Otherwise the error is the one given.
func (r *Router) earlier(ctx context.Context, s gsp.Submission, mail sealed.Message, f wire.Fields, refusal error) (gsp.Receipt, error) {
	receipt, known, err := r.Store.Posted(ctx, once(s, mail, f).Key, s.At)
	switch {
	case err != nil:
		return gsp.Receipt{}, fmt.Errorf("look for an earlier posting: %w", err)
	case known:
		return receipt, nil
	}
	return gsp.Receipt{}, refusal
}
