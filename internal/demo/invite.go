package demo

import (
	"context"
	"net"
	"path/filepath"
	"slices"
)

// invite tells how to take part with a mail client.
func (w *world) invite() {
	w.write("\n")
	w.tell("", "The gateway stays up; Ctrl-C ends it and %s %s.", w.afterwards(), w.folder)
	w.write("\n")
	w.tell("", "Take part with Thunderbird, as %s of Kenya's customs:", officers[1].Name)
	w.clientSteps()
	w.write("\n")
	w.tell("", "All officers, with their passwords; their keys are in the same folder:")
	for _, o := range officers {
		w.tell("  ", "%-25s %-32s %s", w.address(o.Login), w.passwords[o.Login], o.Name)
	}
	w.write("\n")
	w.tell("Help pages  ", "%s", w.help)
	w.tell("Statistics  ", "%s stats --config %s", w.Program, w.config)
	w.tell("Your codes  ", "%s resolve --config %s CODE", w.Program, w.config)
}

func (w *world) afterwards() string {
	if w.Folder != "" {
		return "keeps"
	}
	return "removes"
}

// clientSteps are the names of Thunderbird's own menus, as of version 140.
func (w *world) clientSteps() {
	keys := filepath.Join(w.folder, "keys")
	w.clientStep("1", "Settings, Privacy & Security, Manage Certificates, Authorities, Import; trust it for websites:")
	w.copied(w.gateway.CA)
	w.clientStep("2", "New account, by manual configuration, with a normal password:")
	w.copied("address   " + w.address(answerer).String())
	w.copied("password  " + w.passwords[answerer])
	w.copied("incoming  IMAP  " + server(w.gateway.IMAP) + "  SSL/TLS")
	w.copied("outgoing  SMTP  " + server(w.gateway.SMTP) + "  SSL/TLS")
	w.clientStep("3", "Account Settings, End-To-End Encryption, Add Key, import this and choose it; then Enable encryption for new messages:")
	w.copied(filepath.Join(keys, answerer+".asc"))
	w.clientStep("4", "OpenPGP Key Manager, File, Import Secret Key(s): the competent authority's, to read Authority/%s/INBOX."+
		" In that folder's Properties, tick that it is always checked.", asked)
	w.copied(filepath.Join(keys, asked+".asc"))
	w.clientStep("5", "OpenPGP Key Manager, File, Import Public Key(s), and accept them: the others', which elsewhere come by themselves:")
	w.copied(filepath.Join(keys, everybody))
	w.clientStep("6", "Write to %s.", w.address(asker))
	w.clientStep("7", "Or ask about a code: in Account Settings, End-To-End Encryption, turn off Encrypt the subject of OpenPGP messages for it."+
		" Write to %s, not to %s, which has no key of its own. The subject is this and nothing else, since it is readable:",
		w.address(suggested), w.address("route"))
	w.copied("[uim " + w.mark + "]")
}

func (w *world) clientStep(number, format string, args ...any) {
	w.tell("  "+number+". ", format, args...)
}

// copied writes what a person copies, on a line of its own.
func (w *world) copied(text string) { w.write("     " + text + "\n") }

// server tells the host and port of a door as mail clients ask for them. Some
// of them take no address for a host where the certificate must have it, so
// this machine has its name where that leads to the door.
func server(door net.Addr) string {
	host, port, _ := net.SplitHostPort(onThisMachine(door.String())) // a listener's own address can always be split
	names, err := net.DefaultResolver.LookupHost(context.Background(), "localhost")
	if err == nil && slices.Contains(names, host) {
		host = "localhost"
	}
	return host + "  port " + port
}
