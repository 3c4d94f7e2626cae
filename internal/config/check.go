package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// fault is what is wrong with the value of one key.
type fault struct {
	key     string
	problem string
}

// Check returns nil if the gateway can start with c, as far as that can be
// told without looking at the machine. The error is a *gsp.Refusal that names
// the key.
func (c Config) Check() error {
	f, ok := c.fault()
	if !ok {
		return nil
	}
	return &gsp.Refusal{
		Reason: gsp.BrokenConfig,
		Cause:  "key " + f.key + ": " + f.problem,
		Remedy: "correct the value",
	}
}

// fault returns the first fault in the order of the manual.
func (c Config) fault() (fault, bool) {
	for _, f := range []fault{
		{"domain", domainProblem(c.Domain)},
		{"aliases", aliasesProblem(c.Aliases, c.Domain)},
		{"data", dataProblem(c.Data)},
		{"uim_disclosure", memberProblem(c.UIMDisclosure, Disclosures)},
		{"help", helpProblem(c.Help)},
		{"smtp.listen", listenProblem(c.SMTP.Listen)},
		{"smtp.starttls_listen", optional(c.SMTP.STARTTLSListen, c.SMTP.Listen)},
		{"smtp.connections", rangeProblem(c.SMTP.Connections, 16, 100_000)},
		{"smtp.connections_per_address", rangeProblem(c.SMTP.ConnectionsPerAddress, 1, 100_000)},
		{"smtp.connections_per_account", rangeProblem(c.SMTP.ConnectionsPerAccount, 1, 100_000)},
		{"imap.listen", listenProblem(c.IMAP.Listen, c.SMTP.Listen, c.SMTP.STARTTLSListen)},
		{"imap.connections", rangeProblem(c.IMAP.Connections, 16, 100_000)},
		{"imap.connections_per_address", rangeProblem(c.IMAP.ConnectionsPerAddress, 1, 100_000)},
		{"imap.connections_per_account", rangeProblem(c.IMAP.ConnectionsPerAccount, 1, 100_000)},
		{"https.listen", listenProblem(c.HTTPS.Listen, c.SMTP.Listen, c.SMTP.STARTTLSListen, c.IMAP.Listen)},
		{"public.smtp", publicProblem(c.Public.SMTP)},
		{"public.starttls", secondProblem(c.Public.STARTTLS, c.SMTP.STARTTLSListen)},
		{"public.imap", publicProblem(c.Public.IMAP)},
		{"public.https", publicProblem(c.Public.HTTPS)},
		{"tls.certificate", pairProblem(c.TLS.Certificate, c.TLS.Key)},
		{"tls.key", pairProblem(c.TLS.Key, c.TLS.Certificate)},
		{"limits.max_message", rangeProblem(c.Limits.MaxMessage, 64<<10, 64<<20)},
		{"limits.max_recipients", rangeProblem(c.Limits.MaxRecipients, 1, 1000)},
		{"limits.in_flight", rangeProblem(c.Limits.InFlight, 2*c.Limits.MaxMessage, 64<<30)},
		{"limits.mails_per_hour", rangeProblem(c.Limits.MailsPerHour, 0, 1_000_000)},
		{"limits.recipients_per_hour", recipientsProblem(c.Limits)},
		{"limits.appends_per_hour", rangeProblem(c.Limits.AppendsPerHour, 0, 1_000_000)},
		{"limits.missed_lookups", rangeProblem(c.Limits.MissedLookups, 0, 1_000_000)},
		{"limits.failed_logins", rangeProblem(c.Limits.FailedLogins, 1, 10)},
		{"limits.failed_logins_per_name", rangeProblem(c.Limits.FailedLoginsPerName, 1, 1000)},
		{"limits.failed_logins_per_address", rangeProblem(c.Limits.FailedLoginsPerAddress, 1, 100_000)},
		{"deadlines.handshake", rangeProblem(c.Deadlines.Handshake, seconds(1), seconds(60))},
		{"deadlines.login", rangeProblem(c.Deadlines.Login, seconds(5), seconds(600))},
		{"deadlines.command", rangeProblem(c.Deadlines.Command, seconds(10), seconds(3600))},
		{"deadlines.reply", rangeProblem(c.Deadlines.Reply, seconds(1), seconds(600))},
		{"deadlines.silence", rangeProblem(c.Deadlines.Silence, seconds(1), seconds(600))},
		{"deadlines.mail", rangeProblem(c.Deadlines.Mail, seconds(60), seconds(6*3600))},
		{"deadlines.min_rate", rangeProblem(c.Deadlines.MinRate, 1, 1_000_000)},
		{"notices.unanswered_days", rangeProblem(c.Notices.UnansweredDays, 0, 60)},
		{"notices.account_days", rangeProblem(c.Notices.AccountDays, 0, 365)},
		{"accounts.term_days", rangeProblem(c.Accounts.TermDays, 0, 3650)},
		{"mailboxes.quota", quotaProblem(c.Mailboxes.Quota, c.Limits)},
		{"mailboxes.shared_quota", quotaProblem(c.Mailboxes.SharedQuota, c.Limits)},
		{"mailboxes.per_account", rangeProblem(c.Mailboxes.PerAccount, 10, 100_000)},
		{"mailboxes.warning_percent", rangeProblem(c.Mailboxes.WarningPercent, 50, 99)},
		{"retention.closed_months", rangeProblem(c.Retention.ClosedMonths, 0, 600)},
		{"retention.other_months", rangeProblem(c.Retention.OtherMonths, 0, 600)},
		{"retention.notice_days", rangeProblem(c.Retention.NoticeDays, 7, 365)},
		{"keys.overlap_days", rangeProblem(c.Keys.OverlapDays, 0, 30)},
		{"store.inline_limit", rangeProblem(c.Store.InlineLimit, 0, 16<<20)},
		{"log.format", memberProblem(c.Log.Format, Formats)},
	} {
		if f.problem != "" {
			return f, true
		}
	}
	return fault{}, false
}

func domainProblem(domain string) string {
	a, err := gsp.ParseAddress("postmaster@" + domain)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is not a domain name", domain)
	case a.Domain != domain:
		return fmt.Sprintf("write the domain in lower case, %q", a.Domain)
	case !strings.Contains(domain, "."):
		// mail clients take a bare name for a mistake and complete it
		return fmt.Sprintf("%q has no dot", domain)
	}
	return ""
}

// maxAliases bounds the user IDs of a certificate.
const maxAliases = 10

func aliasesProblem(aliases []string, domain string) string {
	if len(aliases) > maxAliases {
		return fmt.Sprintf("at most %d are allowed", maxAliases)
	}
	for i, alias := range aliases {
		switch problem := domainProblem(alias); {
		case problem != "":
			return problem
		case alias == domain:
			return fmt.Sprintf("%q is the domain itself", alias)
		case slices.Contains(aliases[:i], alias):
			return fmt.Sprintf("%q stands there twice", alias)
		}
	}
	return ""
}

func dataProblem(folder string) string {
	if folder == "" {
		return "a folder is needed"
	}
	return ""
}

func helpProblem(base string) string {
	if base == "" {
		return ""
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Sprintf("%q is not an address that starts with https://", base)
	case !strings.HasSuffix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "":
		return fmt.Sprintf("%q does not end in /", base)
	}
	return ""
}

// listenProblem tells what is wrong with an address to listen on, also beside
// the addresses of the doors before it. Port 0, a free port chosen by the
// system, may stand several times.
func listenProblem(listen string, taken ...string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Sprintf("%q is not of the form address:port", listen)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Sprintf("%q has no port between 0 and 65535", listen)
	}
	if n != 0 && slices.Contains(taken, listen) {
		return fmt.Sprintf("another door listens on %q already", listen)
	}
	return ""
}

// optional is listenProblem for a door that there need not be.
func optional(listen string, taken ...string) string {
	if listen == "" {
		return ""
	}
	return listenProblem(listen, taken...)
}

// recipientsProblem keeps the limit of an hour above that of one mail, which
// could never be sent.
func recipientsProblem(l Limits) string {
	if l.RecipientsPerHour == 0 {
		return ""
	}
	return rangeProblem(l.RecipientsPerHour, l.MaxRecipients, 10_000_000)
}

// quotaProblem keeps the quota above the size of a mail, which would be told to
// come again later and could never be taken.
func quotaProblem(quota Size, l Limits) string {
	if quota == 0 {
		return ""
	}
	return rangeProblem(quota, 2*l.MaxMessage, 16<<40)
}

func pairProblem(path, other string) string {
	if path == "" && other != "" {
		return "certificate and key belong together: set both or none"
	}
	return ""
}

func memberProblem[T ~string](v T, all []T) string {
	if slices.Contains(all, v) {
		return ""
	}
	quoted := make([]string, len(all))
	for i, a := range all {
		quoted[i] = strconv.Quote(string(a))
	}
	return fmt.Sprintf("%q is none of %s", v, strings.Join(quoted, ", "))
}

func rangeProblem[T Size | Duration | int](v, least, most T) string {
	if v < least || v > most {
		return fmt.Sprintf("%v is not between %v and %v", v, least, most)
	}
	return ""
}
