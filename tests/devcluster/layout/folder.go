// The files and sockets of a cluster's folder. Nothing else in the module joins paths below it, but for the relative
// paths in components' arguments.

package layout

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// Folder is the one folder that holds a cluster's whole state. A cluster that is started again in the same folder
// finds its objects, its certificates and its volumes there.
type Folder string

// Lock is held by the process that runs the cluster.
func (f Folder) Lock() string { return f.in("lock") }

// Kubeconfig is the administrator's, for use from the host; it exists while the cluster is ready.
func (f Folder) Kubeconfig() string { return f.in("kubeconfig") }

// Log is the log file of a component.
func (f Folder) Log(component string) string { return f.in("log", component+".log") }

// PKI holds the CA and what it signed for the components.
func (f Folder) PKI() string { return f.in("pki") }

// Certificates holds what `devcluster cert` issued.
func (f Folder) Certificates() string { return f.in("certs") }

// Node is what a node's kubelet keeps.
func (f Folder) Node(name string) string { return f.in("nodes", name) }

// Volumes holds one folder per PersistentVolume.
func (f Folder) Volumes() string { return f.in("volumes") }

func (f Folder) in(parts ...string) string {
	return filepath.Join(append([]string{string(f)}, parts...)...)
}

// ControlSocket is the name of the socket that takes the orders of `devcluster stop`, `start` and `kill`.
const ControlSocket = "control.sock"

// HostSocket is the name of the socket through which a host port crosses into the cluster's network namespace.
func HostSocket(port int) string { return "host-" + strconv.Itoa(port) + ".sock" }

// Listen opens a unix socket in the folder. It goes through a descriptor of the folder, since a socket's path may
// have no more than 107 characters, which a folder of a test easily exceeds.
func (f Folder) Listen(name string) (net.Listener, error) {
	os.Remove(f.in(name))
	var l net.Listener
	err := f.short(name, func(path string) (err error) {
		l, err = net.Listen("unix", path)
		return err
	})
	if err == nil {
		l.(*net.UnixListener).SetUnlinkOnClose(false) // the short path is gone by then
	}
	return l, err
}

// Dial connects to a unix socket in the folder.
func (f Folder) Dial(name string) (net.Conn, error) {
	var c net.Conn
	err := f.short(name, func(path string) (err error) {
		c, err = net.Dial("unix", path)
		return err
	})
	return c, err
}

func (f Folder) short(name string, use func(path string) error) error {
	dir, err := os.Open(string(f))
	if err != nil {
		return err
	}
	defer dir.Close()
	return use("/proc/self/fd/" + strconv.Itoa(int(dir.Fd())) + "/" + name)
}
