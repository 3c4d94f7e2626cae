package notice_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/notice"
	"gsp.example/gsp/internal/pgpcert"
)

// Each mail about a key has its subject, its fingerprint in both forms and all
// values, in each language.
func TestMailsAboutKeysAreFilledIn(t *testing.T) {
	roll, _, cert := newRoll(t)
	now := time.Now()
	q := gsp.KeyRequest{Address: address("ke"), Fingerprint: cert.Fingerprint(), Bytes: cert.Bytes(), HandedIn: now, Confirmed: now}
	for _, l := range gsp.Languages {
		mails := map[string]notice.Content{
			"challenge":        notice.KeyChallenge(l, cert, "thecode", now),
			"pending":          notice.KeyPending(roll, q, address("admin.ke"), "thecode", 0).Content(l),
			"pending, uncoded": notice.KeyPending(roll, q, address("support"), "", 0).Content(l),
		}
		for _, o := range notice.KeyOutcomes {
			mails["owner, "+string(o)] = notice.KeyDecided(l, cert, o, "admin.ke@gsp.example", "because")
			if text := mails["owner, "+string(o)].Text; !strings.Contains(text, "because") || !strings.Contains(text, "admin.ke@gsp.example") {
				t.Errorf("%s: owner, %s: got\n%s\nwant the reason and who did it", l, o, text)
			}
		}
		for _, o := range []notice.KeyOutcome{notice.KeyPublished, notice.KeyRenewed, notice.KeyRevoked, notice.KeyWithdrawn} {
			mails["told, "+string(o)] = notice.KeyTold(l, cert.Address(), cert.Fingerprint(), o, "root")
		}
		for _, v := range []notice.Verdict{notice.Approved, notice.ApprovedLast, notice.RejectedByYou, notice.TakenOut} {
			mails["verdict, "+string(v)] = notice.KeyVerdict(l, cert.Address(), cert.Fingerprint(), v)
		}
		seen := map[string]string{}
		for name, c := range mails {
			first, _, _ := strings.Cut(c.Text, "\n")
			if other, ok := seen[first]; ok && !strings.HasPrefix(name, "pending") {
				t.Errorf("%s: %s begins as %s does: %q", l, name, other, first)
			}
			seen[first] = name
			if c.Subject == "" || first == "" || strings.ContainsAny(c.Subject+c.Text, "{}") {
				t.Errorf("%s: %s: got %q\n%s\nwant all values filled in", l, name, c.Subject, c.Text)
			}
			for _, want := range []string{strings.Join(pgpcert.Words(cert.Fingerprint()), " "), cert.Fingerprint()[:4] + " " + cert.Fingerprint()[4:8]} {
				if !strings.Contains(c.Text, want) {
					t.Errorf("%s: %s: got\n%s\nwant %q in it", l, name, c.Text, want)
				}
			}
		}
		for text, code := range map[string]bool{mails["pending"].Text: true, mails["pending, uncoded"].Text: false} {
			if strings.Contains(text, "thecode") != code || code && !(strings.Contains(text, "approve") && strings.Contains(text, "reject")) {
				t.Errorf("%s: got\n%s\nwant a code: %v", l, text, code)
			}
		}
		secret := notice.KeySecret(address("ke1"), address("keys"), now).Content(l)
		if secret.Subject == "" || strings.ContainsAny(secret.Text, "{}") || !strings.Contains(secret.Text, "gpg --armor --export") {
			t.Errorf("%s: got %q\n%s\nwant what to do about a private key", l, secret.Subject, secret.Text)
		}
	}
}

// Who may decide is asked at once and after 3, 10 and 24 days, each time by a
// notice of its own.
func TestPendingSteps(t *testing.T) {
	roll, _, cert := newRoll(t)
	q := gsp.KeyRequest{Address: address("ke"), Fingerprint: cert.Fingerprint(), Confirmed: time.Now()}
	known := map[[32]byte]string{}
	for i, days := range notice.PendingSteps {
		for _, test := range []struct {
			days float64
			want int
		}{{float64(days), i}, {float64(days) - .01, max(0, i-1)}} {
			if got := notice.PendingStep(q, q.Confirmed.Add(time.Duration(test.days*24*float64(time.Hour)))); got != test.want {
				t.Errorf("after %v days: got step %d, want %d", test.days, got, test.want)
			}
		}
		for _, to := range []string{"admin.ke", "second.ke"} {
			n := notice.KeyPending(roll, q, address(to), "code", i)
			if other, ok := known[n.Key]; ok {
				t.Errorf("%s at step %d: the notice is that of %s", to, i, other)
			}
			known[n.Key] = fmt.Sprintf("%s at step %d", to, i)
			if again := notice.KeyPending(roll, q, address(to), "another code", i); again.Key != n.Key {
				t.Errorf("%s at step %d: another code makes another notice", to, i)
			}
		}
	}
}
