package demo

import (
	"fmt"
	"net"
	"path/filepath"
)

// invite tells how to take part with a mail client.
func (w *world) invite() {
	keys := filepath.Join(w.folder, "keys")
	// a listener's own address can always be split
	imapHost, imapPort, _ := net.SplitHostPort(w.gateway.IMAP.String())
	smtpHost, smtpPort, _ := net.SplitHostPort(w.gateway.SMTP.String())
	fmt.Fprintf(w.Out, `
The gateway stays up; Ctrl-C ends it and removes what it made.

Take part with Thunderbird, as %[1]s of Kenya's customs:
  1. Settings, Privacy & Security, Manage Certificates, Authorities, Import: trust this for websites
     %[2]s
  2. New account, configure manually
     address   %[3]s    password  %[4]s
     incoming  IMAP  %[5]s  port %[6]s  SSL/TLS  normal password
     outgoing  SMTP  %[7]s  port %[8]s  SSL/TLS  normal password
  3. Account Settings, End-To-End Encryption: Add Key, Import, and choose it; then require encryption
     %[9]s
  4. OpenPGP Key Manager, File, Import Secret Key: the competent authority's, for Authority/%[10]s/INBOX
     %[11]s
  5. OpenPGP Key Manager, File, Import Public Key: the others', which elsewhere come by themselves
     %[12]s
  6. Write to %[13]s.

All officers, with their passwords; their keys are in the same folder:
`, officers[1].Name, w.gateway.CA, w.address(answerer), w.passwords[answerer], imapHost, imapPort, smtpHost, smtpPort,
		filepath.Join(keys, answerer+".asc"), asked, filepath.Join(keys, asked+".asc"), filepath.Join(keys, everybody), w.address(asker))
	for _, o := range officers {
		fmt.Fprintf(w.Out, "  %-26s %s  %s\n", w.address(o.Login), w.passwords[o.Login], o.Name)
	}
	fmt.Fprintf(w.Out, "\nKeys and help pages: https://%s   Commands: gsp stats --config %s\n", w.gateway.HTTPS, w.config)
}
