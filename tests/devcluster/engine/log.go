// A container's log in the format of CRI, which the kubelet serves to `kubectl logs`.

package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// logFile is a container's log in the format of CRI, which the kubelet serves to `kubectl logs`.
type logFile struct {
	path string

	mu      sync.Mutex
	file    *os.File
	streams []*logStream
}

func openLog(path string) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	l := &logFile{path: path}
	return l, l.reopen()
}

func (l *logFile) reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file = file
	return nil
}

// close writes what had no line end yet. The container has exited, nothing is written after it.
func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if len(s.rest) > 0 {
			l.line(s.name, s.rest)
		}
	}
	l.file.Close()
}

func (l *logFile) line(stream string, text []byte) {
	fmt.Fprintf(l.file, "%s %s F %s\n", time.Now().Format(time.RFC3339Nano), stream, text)
}

// stream returns the writer of one of the container's outputs.
func (l *logFile) stream(name string) *logStream {
	s := &logStream{log: l, name: name}
	l.streams = append(l.streams, s)
	return s
}

type logStream struct {
	log  *logFile
	name string
	rest []byte // of a line without its end
}

func (s *logStream) Write(text []byte) (int, error) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.rest = append(s.rest, text...)
	for {
		line, rest, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		s.log.line(s.name, line)
		s.rest = rest
	}
}
