package admin

import (
	"encoding/json"

	"gsp.example/gsp/internal/gsp"
)

// About returns whom the input of a verb names, for the log: a Party and an
// account that there are, zero for none. What else was typed is not told.
func (o *Office) About(in json.RawMessage) (gsp.PartyID, gsp.AccountID) {
	var named struct{ Login, Address, ID, Party string }
	if json.Unmarshal(in, &named) != nil {
		return "", 0
	}
	roll := o.Registry.Snapshot()
	for _, name := range []string{named.Login, named.Address} {
		if a, _, ok := roll.Login(name); ok {
			return a.Party, a.ID
		}
	}
	for _, name := range []string{named.ID, named.Address, named.Party} {
		if id, err := gsp.ParsePartyID(name); err == nil {
			if p, ok := roll.Party(id); ok {
				return p.ID, 0
			}
		}
	}
	return "", 0
}
