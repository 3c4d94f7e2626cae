package pgpcert

import (
	"errors"
	"fmt"

	"gsp.example/gsp/internal/gsp"
)

const (
	exportAgain = "export the public key again, with gpg --armor --export or in Thunderbird's OpenPGP Key Manager, and send the whole block"
	makeNew     = "make a new key, with gpg --quick-generate-key ADDRESS future-default default 3y or in Thunderbird's OpenPGP Key Manager, and send its public part"
	addSubkey   = "add an encryption subkey, with gpg --quick-add-key FINGERPRINT cv25519 encr, or make a new key in Thunderbird's OpenPGP Key Manager, and send the public part"
	exportSlim  = "export it without the signatures of others, with gpg --armor --export-options export-minimal --export"
	extendKey   = "set a later expiry date, with gpg --quick-set-expire or in Thunderbird's OpenPGP Key Manager, and send the public key again"
	feebleHash  = "its own signatures use the hash SHA-1, which can be forged"
)

func broken(cause, remedy string, err error) *gsp.Refusal {
	return &gsp.Refusal{Reason: gsp.BrokenKey, Cause: cause, Remedy: remedy, Err: err}
}

func weak(why string) *gsp.Refusal {
	return &gsp.Refusal{Reason: gsp.WeakKey, Cause: "this key is too weak: " + why, Remedy: makeNew}
}

func privateKey() *gsp.Refusal {
	return &gsp.Refusal{
		Reason: gsp.PrivateKey,
		Cause:  "this is a private key, which nobody but its owner may have; it was not stored",
		Remedy: "revoke it, with gpg --gen-revoke or in Thunderbird's OpenPGP Key Manager, then make a new key and send only its public part",
	}
}

func wrongAddress(addr gsp.Address, err error) *gsp.Refusal {
	return &gsp.Refusal{
		Reason: gsp.WrongKeyAddress,
		Cause:  fmt.Sprintf("this key has no user ID with the address %s", addr),
		Remedy: "add a user ID with exactly this address to the key, with gpg --quick-add-uid or in Thunderbird, or make a key for it, and send its public part",
		Err:    err,
	}
}

// aliasAlone refuses a copy of a key that gpg-wks-client made for an address of
// an alias: it has the user ID of that address and no other.
func aliasAlone(addr gsp.Address) *gsp.Refusal {
	return &gsp.Refusal{
		Reason: gsp.WrongKeyAddress,
		Cause:  fmt.Sprintf("this copy of the key has a user ID for another name of the domain, and none with the address %s", addr),
		Remedy: "add one if the key has none, with gpg --quick-add-uid or in Thunderbird, and hand the key in for that address first",
	}
}

func unknownRevocation(addr gsp.Address) *gsp.Refusal {
	return broken(
		fmt.Sprintf("this is the revocation of a key that the directory does not have for %s", addr),
		"hand it in for the address that the key belongs to; a key that never was in the directory needs no revocation there", nil)
}

// unreadable puts an error of parse into words for the key's owner.
func unreadable(err error) *gsp.Refusal {
	switch {
	case errors.Is(err, errLarge):
		return broken(fmt.Sprintf("this key is larger than %d KiB", MaxSize>>10), exportSlim, err)
	case errors.Is(err, errPrivate):
		return privateKey()
	case errors.Is(err, errSeveral):
		return broken("there is more than one key in this file", "export the one key that is meant, and send it alone", err)
	case errors.Is(err, errTooMany):
		return broken("this key carries too many user IDs, subkeys or signatures", exportSlim, err)
	case errors.Is(err, errVersion):
		return broken("this key is of a format that most programs cannot read", makeNew, err)
	case errors.Is(err, errNoPublic):
		return broken("this is not an OpenPGP public key", exportAgain, err)
	}
	return broken("this key is damaged", exportAgain, err)
}
