// The container's /dev, of its own so that nothing is ever created in the machine's.

package container

import (
	"os"

	"golang.org/x/sys/unix"
)

// deviceNames are the device files that a container has; the machine's other devices, and new files in the
// machine's /dev, are none of its business.
var deviceNames = []string{"null", "zero", "full", "random", "urandom", "tty"}

var deviceLinks = map[string]string{
	"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
}

func openDevices() (map[string]source, error) {
	devices := map[string]source{}
	for _, name := range deviceNames {
		src, err := open("/dev/" + name)
		if err != nil {
			return nil, err
		}
		devices[name] = src
	}
	return devices, nil
}

func makeDevices(dir string, devices map[string]source) error {
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
		return err
	}
	for name, src := range devices {
		if err := src.attach(dir+"/"+name, false); err != nil {
			return err
		}
	}
	for name, target := range deviceLinks {
		if err := os.Symlink(target, dir+"/"+name); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir+"/shm", 0o777); err != nil {
		return err
	}
	return unix.Mount("tmpfs", dir+"/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777")
}
