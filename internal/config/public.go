package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"gsp.example/gsp/internal/gsp"
)

// Servers returns where mail clients reach the doors. A port is 0 where the
// system chooses one at the start.
func (c Config) Servers() gsp.Servers {
	mail := "mail." + c.Domain
	if c.Public.HTTPS != "" && !strings.Contains(c.Public.HTTPS, ":") {
		c.Public.HTTPS += ":443"
	}
	return gsp.Servers{
		Submission: publicServer(c.Public.SMTP, c.SMTP.Listen, mail),
		STARTTLS:   publicServer(c.Public.STARTTLS, c.SMTP.STARTTLSListen, mail),
		Reading:    publicServer(c.Public.IMAP, c.IMAP.Listen, mail),
		Directory:  publicServer(c.Public.HTTPS, c.HTTPS.Listen, c.Domain),
	}
}

// publicServer returns what a door is called that listens at listen, "" for
// none: as public says, else by its usual name. A port that public names is one
// that the world sees, so the name is not that of this machine to itself.
func publicServer(public, listen, usual string) gsp.Server {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return gsp.Server{}
	}
	if ip, err := netip.ParseAddr(host); public == "" && (host == "localhost" || err == nil && ip.IsLoopback()) {
		usual = "localhost"
	}
	switch name, other, ok := strings.Cut(public, ":"); {
	case ok:
		usual, port = cmp.Or(name, usual), other
	case name != "":
		usual = name
	}
	n, _ := strconv.Atoi(port) // Check has read it
	return gsp.Server{Host: usual, Port: n}
}

// publicProblem tells what is wrong with what a door is called.
func publicProblem(public string) string {
	if public == "" {
		return ""
	}
	host, port, stated := strings.Cut(public, ":")
	a, err := gsp.ParseAddress("postmaster@" + host)
	if host == "" && stated { // the usual name
		a, err = gsp.Address{}, nil
	}
	if _, noName := netip.ParseAddr(host); err != nil || noName == nil || a.Domain != host {
		return fmt.Sprintf("%q does not begin with a host name in lower case, as certificates have it", public)
	}
	if n, err := strconv.ParseUint(port, 10, 16); stated && (err != nil || n == 0) {
		return fmt.Sprintf("%q has no port between 1 and 65535", public)
	}
	return ""
}

// secondProblem is publicProblem for a door that there need not be.
func secondProblem(public, listen string) string {
	if public != "" && listen == "" {
		return "there is no such door: smtp.starttls_listen is empty"
	}
	return publicProblem(public)
}
