#!/usr/bin/env bash
# Writes NAME.asc beside itself with each OpenPGP program that is installed,
# sealed for the certificates ke, fr, de and eu; their private keys were thrown
# away. OpenPGP.js is looked for in NODE_PATH, PGPy in the system's Python.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'gpgconf --homedir "$work" --kill all 2>/dev/null || true; rm -rf "$work"' EXIT

printf 'Please tell us when these packs were made: see the list.\n%.0s' {1..20} >"$work/short"
head -c 9000 /dev/urandom >"$work/long"

have() { command -v "$1" >/dev/null; }
digits() { tr -cd '0-9' <<<"$1" | cut -c"1-$2"; }

if have gpg; then
  gpg() { command gpg --homedir "$work" --batch --quiet --yes --trust-model always --armor "$@" 2>/dev/null; }
  gpg --import ke.cert.asc fr.cert.asc
  v=gnupg$(digits "$(command gpg --version | head -n 1)" 2)
  to=(-r ke@gsp.example -r fr@gsp.example --encrypt)
  gpg "${to[@]}" <"$work/short" >"$v-two.asc"
  gpg --rfc4880 "${to[@]}" <"$work/short" >"$v-rfc4880.asc"
  gpg --openpgp --no-mdc-warning --comment x --emit-version "${to[@]}" <"$work/short" >"$v-comment.asc"
  gpg --compress-algo none "${to[@]}" <"$work/long" >"$v-pipe.asc"
  if command gpg --dump-options | grep -qx -e --force-ocb; then
    gpg --force-ocb "${to[@]}" <"$work/short" >"$v-ocb.asc"
    gpg --force-ocb --compress-algo none "${to[@]}" <"$work/long" >"$v-ocb-pipe.asc"
  fi
fi

if have sq; then
  v=sq$(digits "$(sq version 2>&1 || sq --version)" 2)
  if sq encrypt --help | grep -q -e --for-file; then
    sq() { command sq --home none --cert-store none --key-store none encrypt --without-signature "$@"; }
    for=--for-file
    sq $for eu.cert.asc --output - "$work/short" >"$v-v6.asc"
    sq $for ke.cert.asc --for-file eu.cert.asc --output - "$work/short" >"$v-mixed.asc"
    sq $for de.cert.asc --output - "$work/short" >"$v-aead.asc"
  else
    sq() { command sq encrypt "$@"; }
    for=--recipient-cert
  fi
  sq $for ke.cert.asc $for fr.cert.asc "$work/short" >"$v-two.asc"
  sq $for ke.cert.asc "$work/long" >"$v-long.asc"
fi

if have rnp; then # the library of Thunderbird
  rnp() { command rnp --homedir "$work/rnp" --armor "$@"; }
  mkdir -p "$work/rnp"
  rnpkeys --homedir "$work/rnp" --import ke.cert.asc >/dev/null 2>&1
  rnpkeys --homedir "$work/rnp" --import fr.cert.asc >/dev/null 2>&1
  v=rnp$(digits "$(command rnp --version | head -n 1)" 3)
  to=(-e -r ke@gsp.example -r fr@gsp.example --output -)
  rnp "${to[@]}" <"$work/short" >"$v-two.asc"
  rnp "${to[@]}" -z 0 <"$work/long" >"$v-long.asc"
  rnp "${to[@]}" --aead=OCB <"$work/short" >"$v-ocb.asc"
  rnp "${to[@]}" --aead=EAX <"$work/short" >"$v-eax.asc"
fi

for sop in sqop gosop pgpainless-cli; do
  have $sop || continue
  $sop encrypt ke.cert.asc fr.cert.asc <"$work/short" >"$sop-two.asc"
  $sop encrypt ke.cert.asc <"$work/long" >"$sop-long.asc"
done

if /usr/bin/python3 -c 'import pgpy' 2>/dev/null; then
  /usr/bin/python3 - "$work/short" >pgpy-two.asc 2>/dev/null <<'EOF'
import sys
import pgpy
from pgpy.constants import SymmetricKeyAlgorithm
keys = [pgpy.PGPKey.from_file(f)[0] for f in ("ke.cert.asc", "fr.cert.asc")]
message = pgpy.PGPMessage.new(open(sys.argv[1]).read())
cipher = SymmetricKeyAlgorithm.AES256
session = cipher.gen_key()
for key in keys:
    sub = next(k for k in key.subkeys.values() if k.key_algorithm.can_encrypt)
    message = sub.encrypt(message, cipher=cipher, sessionkey=session)
print(message, end="")
EOF
fi

for module in openpgp4 openpgp5 openpgp kbpgp; do # npm install openpgp4@npm:openpgp@4 ...
  have node && node -e "require('$module')" 2>/dev/null || continue
  node - "$module" "$work/short" <<'EOF'
const fs = require('fs');
const [module, file] = process.argv.slice(2);
const p = require(module);
const text = fs.readFileSync(file, 'utf8');
const read = name => fs.readFileSync(name + '.cert.asc', 'utf8');
const write = (name, armor) => fs.writeFileSync(`${name}.asc`, armor);

async function four() {
  const keys = (await Promise.all(['ke', 'fr'].map(n => p.key.readArmored(read(n))))).map(r => r.keys[0]);
  const seal = async () => (await p.encrypt({message: p.message.fromText(text), publicKeys: keys})).data;
  write('openpgpjs4-two', await seal());
}

async function newer(version) {
  const seal = async (names, config) => p.encrypt({
    message: await p.createMessage({text}), config,
    encryptionKeys: await Promise.all(names.map(n => p.readKey({armoredKey: read(n)}))),
  });
  write(`openpgpjs${version}-two`, await seal(['ke', 'fr']));
  write(`openpgpjs${version}-comment`, await seal(['ke'], {showVersion: true, showComment: true, commentString: 'x'}));
  if (version > 5) {
    write(`openpgpjs${version}-aead`, await seal(['de'], {aeadProtect: true}));
    write(`openpgpjs${version}-v6`, await seal(['de', 'eu'], {aeadProtect: true}));
    write(`openpgpjs${version}-gcm`, await seal(['eu'], {aeadProtect: true, preferredAEADAlgorithm: p.enums.aead.gcm}));
  }
}

function keybase() {
  p.KeyManager.import_from_armored_pgp({armored: read('fr')}, (err, key) => {
    if (err) throw err;
    p.box({msg: text, encrypt_for: key}, (err, armored) => {
      if (err) throw err;
      write('kbpgp-one', armored);
    });
  });
}

const run = {openpgp4: four, openpgp5: () => newer(5), openpgp: () => newer(6), kbpgp: keybase}[module];
Promise.resolve(run()).catch(e => { console.error(module, e.message); process.exitCode = 1; });
EOF
done
