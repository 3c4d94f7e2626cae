package stories_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"gsp.example/gsp/internal/client"
	"gsp.example/gsp/internal/gsp"
	"gsp.example/gsp/internal/pgpcert"
)

// ask composes, seals and submits a request to one address or several parted
// by commas. Where it goes to route@ it is sealed for ke, as the officer
// recognised the code by other means. A further argument "for=LIST" names whom
// it is sealed for instead; any other is a header line.
func (w *world) ask(ctx context.Context, args []string) (string, error) {
	login, marks, to, text := args[0], args[1], strings.Split(args[2], ","), args[3]
	readers := to
	if args[2] == "route" {
		readers = []string{"ke"}
	}
	var head []string
	if marks != "" {
		head = append(head, "GSP-UIM: "+marks) // as the story says it, right or wrong
	}
	for _, arg := range args[4:] {
		if list, ok := strings.CutPrefix(arg, "for="); ok {
			readers = strings.Split(list, ",")
		} else {
			head = append(head, arg)
		}
	}
	d := client.Draft{From: address(login), Date: time.Now(), Subject: "Packs", Text: text, Signer: w.keys[login]}
	for _, local := range to {
		d.To = append(d.To, address(local))
	}
	for _, local := range readers {
		cert, err := w.fetch(ctx, local)
		if err != nil {
			return "", err
		}
		d.For = append(d.For, cert)
	}
	raw, err := client.Compose(d)
	if err != nil {
		return "", err
	}
	for _, line := range head {
		raw = append([]byte(line+"\r\n"), raw...)
	}
	return w.send(ctx, login, d.To, raw)
}

// reply answers the mail that the officer opened last, as a mail client does:
// by In-Reply-To, knowing nothing of cases.
func (w *world) reply(ctx context.Context, args []string) (string, error) {
	login, text := args[0], args[1]
	o, ok := w.opened[login]
	if !ok {
		return "", fmt.Errorf("%s has opened no mail", login)
	}
	to := o.Outside
	cert, err := w.fetch(ctx, to.From.Local)
	if err != nil {
		return "", err
	}
	raw, err := client.Compose(client.Draft{
		From: address(login), To: []gsp.Address{to.From}, Date: time.Now(),
		InReplyTo: to.MessageID, References: append(to.References, to.MessageID),
		Subject: "Re: " + o.Subject, Text: text, For: []*pgpcert.Cert{cert}, Signer: w.keys[login],
	})
	if err != nil {
		return "", err
	}
	return w.send(ctx, login, []gsp.Address{to.From}, raw)
}

// submit sends a file of the story as it stands.
func (w *world) submit(ctx context.Context, args []string) (string, error) {
	raw, err := w.file(args[2])
	if err != nil {
		return "", err
	}
	return w.send(ctx, args[0], []gsp.Address{address(args[1])}, raw)
}

// keep appends a file of the story to a mailbox.
func (w *world) keep(ctx context.Context, args []string) (string, error) {
	raw, err := w.file(args[2])
	if err != nil {
		return "", err
	}
	l := w.login(args[0], w.gateway.IMAP)
	c, err := imapclient.DialTLS(l.Server, &imapclient.Options{TLSConfig: l.TLS})
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.Login(l.User, l.Password).Wait(); err != nil {
		return "", err
	}
	cmd := c.Append(args[1], int64(len(raw)), nil)
	if _, err := cmd.Write(raw); err != nil {
		return "", err
	}
	if err := cmd.Close(); err != nil {
		return "", err
	}
	_, err = cmd.Wait()
	return "", err
}

// file reads a mail of the story with the line ends that mail has.
func (w *world) file(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(w.folder, name))
	if err != nil {
		return nil, err
	}
	return []byte(strings.ReplaceAll(string(text), "\n", "\r\n")), nil
}

func (w *world) send(ctx context.Context, login string, to []gsp.Address, raw []byte) (string, error) {
	return client.Submit(ctx, w.login(login, w.gateway.SMTP), address(login), to, raw)
}

func (w *world) fetch(ctx context.Context, local string) (*pgpcert.Cert, error) {
	return client.NewWKD(w.roots, client.DialTo(w.gateway.HTTPS.String())).Fetch(ctx, address(local))
}
