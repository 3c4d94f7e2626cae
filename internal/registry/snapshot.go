package registry

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pattern"
	"gsp.example/gsp/internal/pgpcert"
	"gsp.example/gsp/internal/sealed"
)

// Local parts of the gateway itself.
const (
	RouteLocal       = "route"       // finds the recipient from the UIM header
	ResolveLocal     = "resolve"     // answers whose a UIM is
	LibraryLocal     = "library"     // answers with the pattern library
	KeysLocal        = "keys"        // takes public keys; its own key opens what is sealed for it
	PostmasterLocal  = "postmaster"  // the operator, and the sender of notices
	SupportLocal     = "support"     // the Secretariat, with a key of its own
	SecretariatLocal = "secretariat" // the Secretariat; its key signs the pattern library
)

// reserved are the local parts that no Party and no account may have.
var reserved = []string{
	RouteLocal, ResolveLocal, LibraryLocal, KeysLocal, PostmasterLocal, SupportLocal, "abuse", SecretariatLocal,
}

// Reserved reports whether a local part belongs to the gateway itself.
func Reserved(local string) bool {
	return slices.Contains(reserved, local) || strings.HasPrefix(local, ArchivePrefix)
}

// AuthorityPrefix begins the names of a Party's shared mailboxes, and of those
// of the operator and the Secretariat.
const AuthorityPrefix = "Authority/"

// Snapshot is one state of the roll. It is immutable.
type Snapshot struct {
	names
	parties     map[gsp.PartyID]gsp.Party
	logins      map[string]gsp.Account
	accounts    map[gsp.AccountID]gsp.Account
	roles       map[gsp.AccountID][]gsp.Role
	grants      []gsp.Grant
	terms       []gsp.Term
	until       map[gsp.AccountID]gsp.Day // of the terms in force
	credentials map[gsp.AccountID]gsp.Credential
	pins        map[[32]byte]gsp.AccountID
	published   map[string]gsp.Certificate // by local part
	certs       map[string]*pgpcert.Cert   // by local part
	beside      map[string]Listed          // of version 6, by local part
	hashes      map[string]string          // WKD hash to local part
	keys        map[uint64][]Key           // by key ID
	former      map[string][]Listed        // revoked and published before, by local part, the latest first
	ids         map[uint64][]Listed        // by key ID of a key of any use
	ended       map[uint64]Former          // encryption keys that are published no more, by key ID
	past        map[string][]Listed        // published no more, by local part, the latest first, one a key
	requests    map[string]gsp.KeyRequest  // by local part
	overlap     time.Duration              // how long mail for a replaced key is still accepted
	library     *pattern.Library
	text        gsp.LibraryText
}

// Key is an encryption key of the directory and whose it is.
type Key struct {
	Owner gsp.Address
	pgpcert.EncryptionKey
}

// newSnapshot builds the state that roll describes, taking over what earlier
// parsed already. Parsing 50,000 certificates for each new account would be
// the slowest thing an administrator meets.
func newSnapshot(domains names, overlap time.Duration, roll gsp.Roll, earlier *Snapshot) (*Snapshot, error) {
	s := &Snapshot{
		names:       domains,
		overlap:     overlap,
		ended:       map[uint64]Former{},
		past:        map[string][]Listed{},
		requests:    make(map[string]gsp.KeyRequest, len(roll.Requests)),
		parties:     make(map[gsp.PartyID]gsp.Party, len(roll.Parties)),
		logins:      make(map[string]gsp.Account, len(roll.Accounts)),
		accounts:    make(map[gsp.AccountID]gsp.Account, len(roll.Accounts)),
		roles:       make(map[gsp.AccountID][]gsp.Role, len(roll.Accounts)),
		grants:      roll.Grants,
		terms:       roll.Terms,
		until:       make(map[gsp.AccountID]gsp.Day),
		credentials: make(map[gsp.AccountID]gsp.Credential, len(roll.Credentials)),
		pins:        make(map[[32]byte]gsp.AccountID),
		published:   make(map[string]gsp.Certificate, len(roll.Certificates)),
		certs:       make(map[string]*pgpcert.Cert, len(roll.Certificates)),
		beside:      map[string]Listed{},
		hashes:      make(map[string]string, len(roll.Certificates)),
		keys:        make(map[uint64][]Key, len(roll.Certificates)),
		former:      map[string][]Listed{},
		ids:         make(map[uint64][]Listed, 2*len(roll.Certificates)),
		text:        roll.Library,
	}
	for _, p := range roll.Parties {
		s.parties[p.ID] = p
	}
	for _, a := range roll.Accounts {
		s.logins[a.Login], s.accounts[a.ID] = a, a
	}
	for _, g := range roll.Grants {
		if g.Ended.IsZero() && !slices.Contains(s.roles[g.Account], g.Role) {
			s.roles[g.Account] = append(s.roles[g.Account], g.Role)
		}
	}
	for _, t := range roll.Terms {
		s.until[t.Account] = t.Until
	}
	for _, c := range roll.Credentials {
		s.credentials[c.Account] = c
		for _, pin := range c.Pins {
			s.pins[pin] = c.Account
		}
	}
	for _, c := range roll.Certificates {
		if err := s.addCertificate(c, earlier); err != nil {
			return nil, err
		}
	}
	for _, q := range roll.Requests {
		s.requests[q.Address.Local] = q
	}
	s.setWithdrawn(roll.Withdrawn, earlier)
	s.listFormer()
	return s, s.setLibrary(earlier)
}

// setWithdrawn takes over the keys that earlier knew as withdrawn and adds
// those that it knew as published. Of a roll that was just loaded it adds all;
// one that cannot be read is passed over, since nobody seals for it any more
// but by mistake.
func (s *Snapshot) setWithdrawn(certs []gsp.Certificate, earlier *Snapshot) {
	if earlier != nil {
		maps.Copy(s.ended, earlier.ended)
		maps.Copy(s.past, earlier.past)
		maps.Copy(s.former, earlier.former)
		for local, cert := range earlier.certs {
			if s.certs[local] != cert {
				c := earlier.published[local]
				next, replaced := s.published[local]
				c.Withdrawn, c.Replaced = next.Published, replaced
				s.end(Listed{c, cert})
			}
		}
	}
	if earlier != nil {
		for local, old := range earlier.beside {
			if next, replaced := s.beside[local]; next.Cert != old.Cert {
				old.Withdrawn, old.Replaced = next.Published, replaced
				s.end(old)
			}
		}
	}
	for _, c := range slices.Backward(certs) { // the latest prevails
		if cert, err := pgpcert.Load(c, s.aliases...); err == nil {
			s.end(Listed{c, cert})
		}
	}
	s.endOverlaps()
}

func (s *Snapshot) addCertificate(c gsp.Certificate, earlier *Snapshot) error {
	local := c.Address.Local
	if c.Address.Domain != s.domain {
		return &gsp.Refusal{
			Reason: gsp.BrokenConfig,
			Cause:  fmt.Sprintf("the data folder belongs to %s, and the configuration says %s", c.Address.Domain, s.domain),
			Remedy: fmt.Sprintf("set domain = %q; a new domain needs new keys and a new data folder", c.Address.Domain),
		}
	}
	var cert *pgpcert.Cert
	if earlier != nil {
		for _, old := range []Listed{{earlier.published[local], earlier.certs[local]}, earlier.beside[local]} {
			if old.Cert != nil && bytes.Equal(old.Bytes, c.Bytes) {
				cert = old.Cert
			}
		}
	}
	if cert == nil {
		var err error
		if cert, err = pgpcert.Load(c, s.aliases...); err != nil {
			return fmt.Errorf("load the certificate of %s: %w", c.Address, err)
		}
	}
	if c.Beside() {
		s.beside[local] = Listed{c, cert}
	} else {
		s.published[local], s.certs[local] = c, cert
	}
	s.hashes[gsp.WKDHash(local)] = local
	s.list(Listed{c, cert})
	for _, k := range cert.EncryptionKeys() {
		s.keys[k.KeyID] = append(s.keys[k.KeyID], Key{c.Address, k})
	}
	return nil
}

func (s *Snapshot) setLibrary(earlier *Snapshot) error {
	switch {
	case s.text.Version == 0:
		s.library = pattern.Empty()
	case earlier != nil && earlier.text.Version == s.text.Version:
		s.library = earlier.library
	default:
		library, err := pattern.Parse(fmt.Sprintf("library version %d", s.text.Version), s.text.Text)
		if err != nil {
			return fmt.Errorf("load the pattern library: %w", err)
		}
		s.library = library
	}
	return nil
}

// Address returns the address with the local part.
func (s *Snapshot) Address(local string) gsp.Address {
	return gsp.Address{Local: local, Domain: s.domain}
}

// Party returns a Party that is registered or was.
func (s *Snapshot) Party(id gsp.PartyID) (gsp.Party, bool) {
	p, ok := s.parties[id]
	return p, ok
}

// Parties returns all Parties, by their codes.
func (s *Snapshot) Parties() []gsp.Party {
	return sorted(s.parties, func(a, b gsp.Party) int { return strings.Compare(string(a.ID), string(b.ID)) })
}

// Related reports whether two Parties are the same, or one is the region of
// the other: a mark of a region may be asked of its member and the reverse.
// No Party is related to "".
func (s *Snapshot) Related(a, b gsp.PartyID) bool {
	return a != "" && b != "" && (a == b || s.parties[a].Parent == b || s.parties[b].Parent == a)
}

// Account returns the account of a login.
func (s *Snapshot) Account(login string) (gsp.Account, bool) {
	a, ok := s.logins[login]
	return a, ok
}

// AccountByID returns the account of that number.
func (s *Snapshot) AccountByID(id gsp.AccountID) (gsp.Account, bool) {
	a, ok := s.accounts[id]
	return a, ok
}

// Accounts returns all accounts, by login.
func (s *Snapshot) Accounts() []gsp.Account {
	return sorted(s.logins, func(a, b gsp.Account) int { return strings.Compare(a.Login, b.Login) })
}

// Roles returns the roles that an account has now.
func (s *Snapshot) Roles(id gsp.AccountID) []gsp.Role { return s.roles[id] }

// Grants returns every grant ever given, in the order they were given.
func (s *Snapshot) Grants() []gsp.Grant { return s.grants }

// Allows reports whether an active account has the role.
func (s *Snapshot) Allows(id gsp.AccountID, role gsp.Role) bool {
	return s.accounts[id].Active() && slices.Contains(s.roles[id], role)
}

// Login returns the account of a login, which may be given with the domain,
// and its credential.
func (s *Snapshot) Login(login string) (gsp.Account, gsp.Credential, bool) {
	if a, err := gsp.ParseAddress(login); err == nil {
		if s.Home(a).Domain != s.domain {
			return gsp.Account{}, gsp.Credential{}, false
		}
		login = a.Local
	}
	local, _ := gsp.CanonicalLocal(login)
	account, ok := s.logins[local]
	if !ok {
		return gsp.Account{}, gsp.Credential{}, false
	}
	credential, ok := s.credentials[account.ID]
	return account, credential, ok
}

// AccountByPin returns the active account that a TLS client certificate logs
// in, by the SHA-256 of its SubjectPublicKeyInfo.
func (s *Snapshot) AccountByPin(pin [32]byte) (gsp.Account, bool) {
	account := s.accounts[s.pins[pin]]
	if !account.Active() {
		return gsp.Account{}, false
	}
	return account, true
}

// HasPins reports whether any account logs in with a client certificate.
func (s *Snapshot) HasPins() bool { return len(s.pins) > 0 }

// Owner is who receives at an address.
type Owner struct {
	Address gsp.Address
	Party   gsp.PartyID   // "" for the operator and the Secretariat
	Account gsp.AccountID // 0 for the Party's competent authority
}

// Inbox returns the mailbox that the owner's incoming mail goes to.
func (o Owner) Inbox() gsp.MailboxName {
	if o.Party == "" && o.Address.Local == SupportLocal {
		return gsp.Inbox(SecretariatLocal)
	}
	return gsp.Inbox(o.Address.Local)
}

// Owner returns who receives at an address: a registered Party's competent
// authority, an active account of one, the operator or the Secretariat.
func (s *Snapshot) Owner(a gsp.Address) (Owner, bool) {
	if a.Domain != s.domain {
		return Owner{}, false
	}
	switch a.Local {
	case PostmasterLocal, SupportLocal, SecretariatLocal:
		return Owner{Address: a}, true
	}
	if _, ok := s.parties[gsp.PartyID(a.Local)]; ok {
		return s.Authority(gsp.PartyID(a.Local))
	}
	account, ok := s.logins[a.Local]
	if !ok || !account.Active() || !s.parties[account.Party].Withdrawn.IsZero() {
		return Owner{}, false
	}
	return Owner{Address: a, Party: account.Party, Account: account.ID}, true
}

// ArchivePrefix begins the local part under which the directory shows the
// archive key of a Party: archive.ke@. Nobody receives there.
const ArchivePrefix = "archive."

// Archive returns what has the archive key of a Party. It is an owner for the
// directory alone.
func (s *Snapshot) Archive(id gsp.PartyID) Owner {
	return Owner{Address: s.Address(ArchivePrefix + string(id)), Party: id}
}

// ArchiveOf returns whose archive key is under an address.
func ArchiveOf(a gsp.Address) (gsp.PartyID, bool) {
	id, ok := strings.CutPrefix(a.Local, ArchivePrefix)
	return gsp.PartyID(id), ok
}

// Authority returns the competent authority of a registered Party.
func (s *Snapshot) Authority(id gsp.PartyID) (Owner, bool) {
	p, ok := s.parties[id]
	return Owner{Address: s.Address(string(id)), Party: id}, ok && p.Withdrawn.IsZero()
}

// Shelves returns the mailboxes' owners that an account may open now.
func (s *Snapshot) Shelves(id gsp.AccountID) []gsp.Shelf {
	account := s.accounts[id]
	if !account.Active() {
		return nil
	}
	all := gsp.MayRead | gsp.MayFlag | gsp.MayInsert | gsp.MayRemove | gsp.MayManage
	shelves := []gsp.Shelf{{Owner: account.Login, Rights: all}}
	for _, shared := range []struct {
		role  gsp.Role
		owner string
	}{
		{gsp.Replier, string(account.Party)}, {gsp.Operator, PostmasterLocal}, {gsp.Secretariat, SecretariatLocal},
	} {
		if s.Allows(id, shared.role) {
			shelves = append(shelves, gsp.Shelf{
				Owner: shared.owner, Prefix: AuthorityPrefix + shared.owner + "/", Rights: gsp.MayRead | gsp.MayFlag | gsp.MayFile,
			})
		}
	}
	return shelves
}

// Language returns the language in which the gateway writes to an address:
// the account's, else its Party's, else English.
func (s *Snapshot) Language(a gsp.Address) gsp.Language {
	account := s.logins[a.Local]
	party := s.parties[account.Party]
	if account.ID == 0 {
		party = s.parties[gsp.PartyID(a.Local)]
	}
	return cmp.Or(account.Language, party.Language, gsp.English)
}

// Cert returns the certificate published for an address.
func (s *Snapshot) Cert(a gsp.Address) (*pgpcert.Cert, bool) {
	if a.Domain != s.domain {
		return nil, false
	}
	c, ok := s.certs[a.Local]
	return c, ok
}

// Sealable reports whether the directory has a key for the address that is
// valid at the time.
func (s *Snapshot) Sealable(a gsp.Address, at time.Time) bool {
	cert, ok := s.Cert(a)
	return ok && slices.ContainsFunc(cert.EncryptionKeys(), func(k pgpcert.EncryptionKey) bool { return k.Valid(at) })
}

// Certificate returns what the directory publishes for an address.
func (s *Snapshot) Certificate(a gsp.Address) (gsp.Certificate, bool) {
	c, ok := s.published[a.Local]
	return c, ok && c.Address == a
}

// Certificates returns what the directory publishes, by address, the one of
// version 6 behind that beside which it is.
func (s *Snapshot) Certificates() []Listed {
	all := make([]Listed, 0, len(s.published)+len(s.beside))
	for local, c := range s.published {
		all = append(all, Listed{c, s.certs[local]})
	}
	all = slices.AppendSeq(all, maps.Values(s.beside))
	slices.SortFunc(all, func(a, b Listed) int {
		return cmp.Or(strings.Compare(a.Address.Local, b.Address.Local), cmp.Compare(a.Cert.Version(), b.Cert.Version()))
	})
	return all
}

// Keys returns the keys of the directory that a session key is for: one,
// unless two certificates share a key ID, and none for a stranger's.
func (s *Snapshot) Keys(k sealed.SessionKey) []Key {
	var fitting []Key
	for _, key := range s.keys[k.KeyID] {
		if key.Fits(k) {
			fitting = append(fitting, key)
		}
	}
	return fitting
}

// Library returns the pattern library in force and its version.
func (s *Snapshot) Library() (*pattern.Library, gsp.LibraryVersion) {
	return s.library, s.text.Version
}

// LibraryText returns the text of the library in force.
func (s *Snapshot) LibraryText() gsp.LibraryText { return s.text }

func sorted[K comparable, V any](m map[K]V, compare func(a, b V) int) []V {
	out := make([]V, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	slices.SortFunc(out, compare)
	return out
}
