// Ports of the host. They are opened by Up and inherited, so that no other process can take them at a restart.

package cluster

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// backlog is how many connections may wait to be accepted.
const backlog = 512

// openPort listens on a port of the host's 127.0.0.1; 0 is any free one. The port is bound by its number in any case,
// since a socket that the kernel chose a port for would lose it when the door shuts.
func openPort(port int) (*os.File, string, error) {
	fd, bound, err := bindPort(port)
	if err != nil {
		return nil, "", fmt.Errorf("127.0.0.1:%d: %w", port, err)
	}
	if port == 0 {
		// Two sockets may share a port until one listens, so there is no moment at which it is free.
		chosen := fd
		fd, bound, err = bindPort(bound)
		unix.Close(chosen)
		if err != nil {
			return nil, "", err
		}
	}
	if err := unix.Listen(fd, backlog); err != nil {
		unix.Close(fd)
		return nil, "", fmt.Errorf("127.0.0.1:%d: %w", bound, err)
	}
	address := net.JoinHostPort("127.0.0.1", fmt.Sprint(bound))
	return os.NewFile(uintptr(fd), address), address, nil
}

func bindPort(port int) (fd, bound int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, 0, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	var name unix.Sockaddr
	if err == nil {
		name, err = unix.Getsockname(fd)
	}
	if err != nil {
		unix.Close(fd)
		return 0, 0, err
	}
	return fd, name.(*unix.SockaddrInet4).Port, nil
}

// door is the API server's listener on the host. Several processes hold it, so that it would go on to take
// connections while no API server is there to accept them: it is shut for that time, and clients are refused.
type door struct{ file *os.File }

func (d door) open() error { return unix.Listen(int(d.file.Fd()), backlog) }

func (d door) shut() error { return unix.Shutdown(int(d.file.Fd()), unix.SHUT_RD) }
