package cli

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"gsp.example/gsp/internal/config"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/node"
)

type dnsCommand struct {
	Address []string `help:"An address at which the world reaches the gateway; repeat it for IPv6." placeholder:"ADDRESS"`
}

func (dnsCommand) Help() string {
	return "Prints the lines of a zone file. What stands behind a semicolon is for you to decide.\nThe names and ports are those of the section public, else follow from where the doors listen.\n\nExample:\n  gsp dns --address 192.0.2.1 --address 2001:db8::1"
}

func (c dnsCommand) Run(r *run) error {
	conf, err := r.load()
	if err != nil {
		return err
	}
	var at []netip.Addr
	for _, s := range c.Address {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return &gsp.Refusal{
				Reason: gsp.BrokenName,
				Cause:  fmt.Sprintf("%q is not an IP address", s),
				Remedy: "name it such as 192.0.2.1 or 2001:db8::1",
			}
		}
		at = append(at, a.Unmap())
	}
	certificate, err := node.Configured(conf)
	if err != nil {
		return err
	}
	if err := published(conf.Servers()); err != nil {
		return err
	}
	return show(r, zoneOf(conf, at, certificate), printZone)
}

// published refuses doors that nobody else can reach.
func published(s gsp.Servers) error {
	for _, d := range []struct {
		key    string
		server gsp.Server
	}{
		{"smtp.listen", s.Submission}, {"smtp.starttls_listen", s.STARTTLS}, {"imap.listen", s.Reading}, {"https.listen", s.Directory},
	} {
		if d.server == (gsp.Server{}) {
			continue
		}
		if d.server.Host == "localhost" || d.server.Port == 0 {
			return &gsp.Refusal{
				Reason: gsp.BrokenConfig,
				Cause:  fmt.Sprintf("key %s: the door can be reached from this machine only, or at a port that is not known yet", d.key),
				Remedy: "let it listen for others, or say in the section public how the world reaches it",
			}
		}
	}
	return nil
}

// zone is what the DNS should say of a gateway.
type zone struct {
	Warnings []string `json:"warnings"`
	Groups   []group  `json:"groups"`
}

// group are records for one purpose.
type group struct {
	Purpose  string   `json:"purpose"`
	Optional bool     `json:"optional"` // for the administrator to decide
	Records  []record `json:"records"`
}

// record is one line of a zone file.
type record struct {
	Name  string `json:"name"` // ends in a dot
	Type  string `json:"type"`
	Value string `json:"value"`
}

// zoneOf returns what to publish.
func zoneOf(c config.Config, at []netip.Addr, certificate *x509.Certificate) zone {
	s, d := c.Servers(), c.Domain+"."
	z := zone{Warnings: warnings(c, certificate), Groups: []group{}}
	add := func(purpose string, optional bool, records ...record) {
		if len(records) > 0 {
			z.Groups = append(z.Groups, group{purpose, optional, records})
		}
	}
	own := ownHosts(c)
	if len(at) > 0 {
		add("Where the gateway is", false, addressRecords(own, at)...)
	} else {
		add("Where the gateway is: put its address in the place of 192.0.2.1, or name it with --address", true,
			addressRecords(own, []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, 1})})...)
	}
	directory := s.Directory.Host + "."
	var aliases []record
	for _, name := range lookedUp(c) {
		if name != s.Directory.Host && name != c.Domain {
			aliases = append(aliases, record{name + ".", "CNAME", directory})
		}
	}
	add("Where clients look for keys (Web Key Directory) and for their set-up", false, aliases...)
	add("Submission and reading (RFC 6186, RFC 8314); a dot says that there is none", false,
		service("_submissions", d, s.Submission), service("_submission", d, s.STARTTLS), service("_imaps", d, s.Reading),
		service("_imap", d, gsp.Server{}), service("_pop3s", d, gsp.Server{}), service("_pop3", d, gsp.Server{}))
	add("Set-up of Outlook", false, service("_autodiscover", d, s.Directory))
	add("If the domain has no other mail: none comes from outside (RFC 7505) and none goes there (RFC 7208, RFC 7489)", true,
		record{d, "MX", "0 ."}, record{d, "TXT", `"v=spf1 -all"`}, record{"_dmarc." + d, "TXT", `"v=DMARC1; p=reject"`})
	add(authorisation(d, certificate))
	for _, alias := range c.Aliases {
		z.addAlias(alias+".", s)
	}
	if certificate != nil {
		add("Only in a zone signed with DNSSEC (RFC 6698): publish the next key's a day before the key changes", true,
			pinned(s, certificate)...)
	}
	return z
}

// addAlias adds what clients look for at another name of the domain. The name
// itself cannot be one of another host, as CNAME says, so it needs
// addresses of its own.
func (z *zone) addAlias(d string, s gsp.Servers) {
	directory := s.Directory.Host + "."
	var records []record
	for _, name := range []string{"openpgpkey.", "autoconfig.", "autodiscover."} {
		records = append(records, record{name + d, "CNAME", directory})
	}
	records = append(records, service("_submissions", d, s.Submission), service("_submission", d, s.STARTTLS),
		service("_imaps", d, s.Reading), service("_autodiscover", d, s.Directory))
	z.Groups = append(z.Groups,
		group{"In the zone of the alias " + d, false, records},
		group{"If the alias has no other mail", true, []record{
			{d, "MX", "0 ."}, {d, "TXT", `"v=spf1 -all"`}, {"_dmarc." + d, "TXT", `"v=DMARC1; p=reject"`},
		}})
}

// ownHosts returns the host names for which the domain's own zone has
// addresses.
func ownHosts(c config.Config) []string {
	s := c.Servers()
	hosts := []string{c.Domain} // for keys by the direct method, and links to help pages
	for _, h := range []string{s.Directory.Host, s.Submission.Host, s.STARTTLS.Host, s.Reading.Host} {
		if strings.HasSuffix(h, "."+c.Domain) && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// lookedUp returns the names that clients make from the domain of an address.
func lookedUp(c config.Config) []string {
	return []string{"openpgpkey." + c.Domain, "autoconfig." + c.Domain, "autodiscover." + c.Domain}
}

func addressRecords(hosts []string, at []netip.Addr) []record {
	var records []record
	for _, h := range hosts {
		for _, a := range at {
			kind := "AAAA"
			if a.Is4() {
				kind = "A"
			}
			records = append(records, record{h + ".", kind, a.String()})
		}
	}
	return records
}

// service returns the SRV record of a door (RFC 2782); a zero one says that
// there is no such service.
func service(name, domain string, s gsp.Server) record {
	value := "0 0 0 ."
	if s != (gsp.Server{}) {
		value = fmt.Sprintf("0 1 %d %s.", s.Port, s.Host)
	}
	return record{name + "._tcp." + domain, "SRV", value}
}

// authorisation says who may issue certificates for the domain (RFC 8659).
func authorisation(domain string, certificate *x509.Certificate) (purpose string, optional bool, r record) {
	if certificate == nil {
		return "The certificate comes from the gateway's own authority: no other may issue one (RFC 8659)", true,
			record{domain, "CAA", `0 issue ";"`}
	}
	issuer := "AUTHORITY"
	if slices.Contains(certificate.Issuer.Organization, "Let's Encrypt") {
		issuer = "letsencrypt.org"
	}
	return fmt.Sprintf("Only the authority of your certificate may issue one (RFC 8659); its name here is in its manual; it is %q", certificate.Issuer.String()),
		true, record{domain, "CAA", `0 issue "` + issuer + `"`}
}

// pinned returns the records that name the key of the certificate (RFC 6698,
// section 2.1: end entity, public key, SHA-256). For a certificate of the
// gateway's own authority there are none: it gets a new key each year, which
// nobody would publish in time.
func pinned(s gsp.Servers, certificate *x509.Certificate) []record {
	var records []record
	for _, d := range []gsp.Server{s.Submission, s.STARTTLS, s.Reading} {
		if d != (gsp.Server{}) {
			records = append(records, record{
				fmt.Sprintf("_%d._tcp.%s.", d.Port, d.Host), "TLSA",
				fmt.Sprintf("3 1 1 %x", sha256.Sum256(certificate.RawSubjectPublicKeyInfo)),
			})
		}
	}
	return records
}

// warnings tells what the DNS cannot mend.
func warnings(c config.Config, certificate *x509.Certificate) []string {
	s := c.Servers()
	all := []string{}
	if s.Directory.Port != 443 {
		all = append(all, fmt.Sprintf("clients look for keys and for their set-up at port 443, and the directory is at %d: forward 443 to it and say so in public.https", s.Directory.Port))
	}
	if certificate == nil {
		return all
	}
	names := append([]string{c.Domain, s.Submission.Host, cmp.Or(s.STARTTLS.Host, s.Submission.Host), s.Reading.Host, s.Directory.Host}, lookedUp(c)...)
	for _, name := range c.LookedUp() {
		if !slices.Contains(c.Aliases, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if certificate.VerifyHostname(name) != nil {
			all = append(all, fmt.Sprintf("the certificate does not name %s: clients will refuse it there", name))
		}
	}
	return all
}

// printZone writes lines of a zone file (RFC 1035, section 5).
func printZone(w io.Writer, z zone) {
	for _, warning := range z.Warnings {
		fmt.Fprintf(w, "; BEWARE: %s.\n", warning)
	}
	for i, g := range z.Groups {
		if i > 0 || len(z.Warnings) > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "; %s.\n", g.Purpose)
		mark := ""
		if g.Optional {
			mark = "; "
		}
		for _, r := range g.Records {
			fmt.Fprintf(w, "%s%s\t3600\tIN\t%s\t%s\n", mark, r.Name, r.Type, r.Value)
		}
	}
}
