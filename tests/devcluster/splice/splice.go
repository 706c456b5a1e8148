// Package splice joins byte streams. It is separate because port-forwards, the service proxy and host ports all end
// in the same twenty lines.
package splice

import (
	"io"
	"net"
	"sync"
)

// Join copies both ways until both sides are at their end, passes on each side's half-close, and closes both.
func Join(a, b io.ReadWriteCloser) {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		copyHalf(a, b)
	}()
	copyHalf(b, a)
	wg.Wait()
	a.Close()
	b.Close()
}

func copyHalf(to, from io.ReadWriteCloser) {
	io.Copy(to, from) // either side may go at any time
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	} else {
		to.Close()
	}
}

// Serve joins each accepted connection to a new one, until the listener closes. A connection whose other side cannot
// be reached is reset at once, so that its client does not wait.
func Serve(l net.Listener, dial func() (net.Conn, error)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			other, err := dial()
			if err == nil {
				Join(c, other)
				return
			}
			if t, ok := c.(*net.TCPConn); ok {
				t.SetLinger(0)
			}
			c.Close()
		}()
	}
}
