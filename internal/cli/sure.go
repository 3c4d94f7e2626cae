package cli

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// misused is why a command line cannot be carried out as it stands.
type misused string

func (m misused) Error() string { return string(m) }

func isMisused(err error) bool {
	_, ok := errors.AsType[misused](err)
	return ok
}

// sure is part of each command that takes something away for good or from
// others: it asks before it acts.
type sure struct {
	Yes bool `help:"Do it without asking." short:"y"`
}

// ask returns nil if what is about to be done is meant. Where nobody can be
// asked, the command line must say so.
func (s sure) ask(r *run, what string) error {
	switch {
	case s.Yes:
		return nil
	case !isTerminal(r.In) || !isTerminal(r.Err):
		return misused(what + "; if that is meant, add --yes")
	}
	fmt.Fprintf(r.Err, "%s.\nType yes to do it: ", strings.ToUpper(what[:1])+what[1:])
	answer, err := bufio.NewReader(r.In).ReadString('\n')
	if err != nil {
		fmt.Fprintln(r.Err)
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "yes" && a != "y" {
		return misused("nothing was done")
	}
	return nil
}
