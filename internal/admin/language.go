package admin

import (
	"context"
	"fmt"

	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/registry"
)

// PartyLanguageOf is the input of PartyLanguage.
type PartyLanguageOf struct {
	ID       string `json:"id"`
	Language string `json:"language"` // "" for English
}

// PartyLanguage sets the language of what the gateway writes to the competent
// authority and, where an account has none of its own, to the officers.
var PartyLanguage = Verb[PartyLanguageOf, gsp.Party]{"party-language", partyLanguage}

// AccountLanguageOf is the input of AccountLanguage.
type AccountLanguageOf struct {
	Login    string `json:"login"`
	Language string `json:"language"` // "" for its Party's
}

// AccountLanguage sets the language of what the gateway writes to an account.
var AccountLanguage = Verb[AccountLanguageOf, AccountRow]{"account-language", accountLanguage}

func partyLanguage(ctx context.Context, o *Office, _ string, in PartyLanguageOf) (gsp.Party, error) {
	language, err := ParseLanguage(in.Language)
	if err != nil {
		return gsp.Party{}, err
	}
	change, err := o.update(ctx, func(roll *registry.Snapshot) (gsp.Change, error) {
		party, err := knownParty(roll, in.ID)
		party.Language = language
		return gsp.Change{Parties: []gsp.Party{party}}, err
	})
	if err != nil {
		return gsp.Party{}, err
	}
	return change.Parties[0], nil
}

func accountLanguage(ctx context.Context, o *Office, _ string, in AccountLanguageOf) (AccountRow, error) {
	language, err := ParseLanguage(in.Language)
	if err != nil {
		return AccountRow{}, err
	}
	return o.changeAccount(ctx, in.Login, func(_ *registry.Snapshot, a gsp.Account) (gsp.Change, error) {
		a.Language = language
		return gsp.Change{Accounts: []gsp.Account{a}}, nil
	})
}

// ParseLanguage reads a language as a person typed it, "" for none.
func ParseLanguage(s string) (gsp.Language, error) {
	if s == "" {
		return "", nil
	}
	language, err := gsp.ParseLanguage(s)
	if err != nil {
		return "", &gsp.Refusal{
			Reason: gsp.BrokenName,
			Cause:  fmt.Sprintf("%q is not one of the six languages of the United Nations", s),
			Remedy: "choose one of " + list(gsp.Languages),
		}
	}
	return language, nil
}
