// Mounts by descriptor: a source is opened before it may be hidden and attached where it belongs.

package container

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// source is a copy of a part of the machine's mount tree that is not attached anywhere yet.
type source struct {
	fd  int
	dir bool
}

func open(path string) (source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return source{}, err
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.AT_RECURSIVE|unix.OPEN_TREE_CLOEXEC)
	return source{fd, info.IsDir()}, err
}

// attach puts the source at a path and makes the path first. Where a read-only folder is in the way, that folder is
// mirrored on a tmpfs.
func (s source) attach(path string, readOnly bool) error {
	defer unix.Close(s.fd)
	if err := create(path, s.dir); err != nil {
		if err := mirrorInPlace(existing(filepath.Dir(path))); err != nil {
			return err
		}
		if err := create(path, s.dir); err != nil {
			return err
		}
	}
	if readOnly {
		if err := unix.MountSetattr(s.fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
			return err
		}
	}
	return unix.MoveMount(s.fd, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// create makes a mount point where there is none.
func create(path string, dir bool) error {
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	if dir {
		return os.MkdirAll(path, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// existing is the nearest folder above, or the path itself, that is there.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil {
			return path
		}
		path = filepath.Dir(path)
	}
}

// mirrorInPlace puts a writable tmpfs over a read-only folder, with what the folder held mirrored on it.
func mirrorInPlace(dir string) error {
	covered, err := open(dir)
	if err != nil {
		return err
	}
	defer unix.Close(covered.fd)
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	aside := filepath.Join(dir, ".covered")
	if err := os.Mkdir(aside, 0o700); err != nil {
		return err
	}
	if err := unix.MoveMount(covered.fd, "", unix.AT_FDCWD, aside, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return err
	}
	if err := mirror(aside, dir, ".covered"); err != nil {
		return err
	}
	if err := unix.Unmount(aside, unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Remove(aside)
}
