package control

import (
	"fmt"
	"net"
	"os/user"
	"strconv"
	"syscall"
)

type callerKey struct{}

// caller names who is at the other end of a Unix socket (unix(7),
// SO_PEERCRED): the name of the user, or its number where it has none.
func caller(c net.Conn) string {
	const unknown = "unknown"
	socket, ok := c.(*net.UnixConn)
	if !ok {
		return unknown
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return unknown
	}
	var peer *syscall.Ucred
	err = raw.Control(func(fd uintptr) { peer, _ = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED) })
	if err != nil || peer == nil {
		return unknown
	}
	return Name(int(peer.Uid))
}

// Name returns the name of a user of this machine, as the record of grants
// keeps it.
func Name(uid int) string {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return fmt.Sprintf("uid %d", uid)
	}
	return u.Username
}
