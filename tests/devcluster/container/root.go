// The container's file system. Runs in the new process only, before its command; nothing here outlives its mount
// namespace.

package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// root is where the new root is put together. What is there is hidden from then on, and every machine has it; the
// container gets a /tmp of its own in any case.
const root = "/tmp"

// enterRoot makes the container's file system and makes it the root: the machine's own top folders read-only, fresh
// /tmp, /run, /dev and /proc, and the mounts.
func (s Spec) enterRoot() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	// Sources are opened first: the new root hides what lies below /tmp.
	sources := make([]source, len(s.Mounts))
	for n, m := range s.Mounts {
		var err error
		if sources[n], err = open(m.From); err != nil {
			return fmt.Errorf("%s: %w", m.From, err)
		}
	}
	devices, err := openDevices()
	if err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	if err := mirror("/", root, "dev", "proc", "run", "tmp"); err != nil {
		return err
	}
	for _, dir := range []string{"/dev", "/proc", "/run", "/tmp"} {
		if err := os.Mkdir(root+dir, 0o777); err != nil {
			return err
		}
	}
	if err := os.Chmod(root+"/tmp", 0o777|os.ModeSticky); err != nil {
		return err
	}
	if err := unix.Mount("proc", root+"/proc", "proc", 0, ""); err != nil {
		return err
	}
	if err := makeDevices(root+"/dev", devices); err != nil {
		return fmt.Errorf("/dev: %w", err)
	}
	if _, err := os.Stat(root + s.Hidden); s.Hidden != "" && err == nil {
		if err := unix.Mount("tmpfs", root+s.Hidden, "tmpfs", 0, "mode=755"); err != nil {
			return err
		}
	}
	for n, m := range s.Mounts {
		if err := sources[n].attach(filepath.Join(root, resolved(m.To)), m.ReadOnly); err != nil {
			return fmt.Errorf("%s: %w", m.To, err)
		}
	}
	if s.ReadOnlyRoot {
		if err := unix.MountSetattr(unix.AT_FDCWD, root, 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
			return err
		}
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot: %w", err)
	}
	return unix.Unmount(".", unix.MNT_DETACH)
}

// resolved follows the usual link of /var/run to /run, which would lead out of the new root.
func resolved(path string) string {
	if rest, ok := strings.CutPrefix(path, "/var/run/"); ok {
		if link, err := os.Readlink(root + "/var/run"); err == nil && strings.HasSuffix(link, "run") {
			return "/run/" + rest
		}
	}
	return path
}

// mirror fills a folder on a tmpfs with read-only binds of what another folder holds.
func mirror(from, to string, skip ...string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if slices.Contains(skip, e.Name()) {
			continue
		}
		a, b := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		if e.Type()&os.ModeSymlink != 0 {
			link, err := os.Readlink(a)
			if err != nil {
				return err
			}
			if err := os.Symlink(link, b); err != nil {
				return err
			}
			continue
		}
		src, err := open(a)
		if errors.Is(err, fs.ErrPermission) {
			continue // such as another user's FUSE mount: what the cluster's user cannot see, containers cannot
		}
		if err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
		if err := src.attach(b, true); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}
