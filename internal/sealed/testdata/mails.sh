#!/usr/bin/env bash
# Writes NAME.eml beside itself with each program that writes PGP/MIME and is
# installed, sealed for the certificate ke. Mutt and NeoMutt are typed to.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
export HOME=$work GNUPGHOME=$work/gnupg TERM=vt100
trap 'gpgconf --kill all; rm -rf "$work"' EXIT
mkdir -m 700 "$GNUPGHOME" "$work/Mail"
printf 'trust-model always\nbatch\n' >"$GNUPGHOME/gpg.conf"
gpg --quiet --import ke.cert.asc 2>/dev/null
printf 'Please tell us when these packs were made: see the list.\n%.0s' {1..20} >"$work/text"

have() { command -v "$1" >/dev/null; }
perl_has() { perl -e 'use Mail::GnuPG' 2>/dev/null; }
ruby_has() { ruby -e 'require "mail-gpg"' 2>/dev/null; }

printf '#!/bin/sh\ncat >%s/sent\n' "$work" >"$work/sendmail"
chmod +x "$work/sendmail"
cat >"$work/rc" <<EOF
set sendmail=$work/sendmail copy=no hostname=laptop.example from='Anne Moreau <fr1@gsp.example>'
set crypt_use_gpgme=yes crypt_autoencrypt=yes pgp_autoinline=no pgp_self_encrypt=no
set autoedit=yes edit_headers=no editor=true fast_reply=yes abort_unmodified=no abort_noattach=no wait_key=no
EOF
for mutt in mutt neomutt; do
  have $mutt || continue
  keys='y \r y y' # send, choose the key, use it although nobody certified it
  [[ $mutt == mutt ]] && keys='\r '$keys
  for key in $keys ''; do
    sleep 2
    printf '%b' "$key"
  done | timeout 20 script -qec "stty rows 24 cols 80; $mutt -n -F $work/rc -s 'Packs in a container' -i $work/text ke@gsp.example" /dev/null >/dev/null 2>&1 || true
  mv "$work/sent" $mutt.eml
done

if have emacs; then
  cat >"$work/mail.el" <<EOF
(require 'message)
(require 'mml-sec)
(setq mml-secure-openpgp-encrypt-to-self nil epg-gpg-home-directory "$GNUPGHOME"
      user-mail-address "fr1@gsp.example" user-full-name "Anne Moreau" mail-host-address "laptop.example"
      message-fcc-handler-function nil message-confirm-send nil message-interactive nil)
(setq message-send-mail-function
      (lambda ()
        (goto-char (point-min))
        (search-forward (concat mail-header-separator "\n"))
        (replace-match "\n")
        (write-region (point-min) (point-max) "emacs.eml")))
(let ((here default-directory))
  (message-mail "Kenya <ke@gsp.example>" "Packs in a container")
  (setq default-directory here)
  (message-goto-body)
  (insert-file-contents "$work/text")
  (mml-secure-message-encrypt-pgpmime t)
  (message-send))
EOF
  emacs --batch -l "$work/mail.el" 2>/dev/null
fi

if perl_has; then
  perl - "$work/text" >mail-gnupg.eml <<'EOF'
use Mail::GnuPG;
use MIME::Entity;
my $mail = MIME::Entity->build(From => 'Anne Moreau <fr1@gsp.example>', To => 'Kenya <ke@gsp.example>',
    Subject => 'Packs in a container', Path => $ARGV[0]);
my $gpg = Mail::GnuPG->new(keydir => $ENV{GNUPGHOME}, always_trust => 1);
die if $gpg->mime_encrypt($mail, 'ke@gsp.example');
$mail->print(\*STDOUT);
EOF
fi

if ruby_has; then
  ruby - "$work/text" <<'EOF' | tr -d '\r' >mail-gpg.eml
require 'mail-gpg'
mail = Mail.new do
  from 'Anne Moreau <fr1@gsp.example>'
  to 'Kenya <ke@gsp.example>'
  subject 'Packs in a container'
  body File.read(ARGV[0])
end
puts Mail::Gpg.encrypt(mail, encrypt: true, always_trust: true)
EOF
fi
