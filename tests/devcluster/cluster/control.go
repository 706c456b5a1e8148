// Orders from outside: `devcluster stop`, `start` and `kill`, through a socket in the folder.

package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"keyforge.dev/devcluster/layout"
)

// startWithin is how long a component may take to serve again. The API server's connection to etcd backs off for up to
// two minutes after etcd was down for as long.
const startWithin = 3 * time.Minute

var verbs = map[string]order{"stop": orderStop, "start": orderStart, "kill": orderKill}

// Order tells a running cluster to stop, start or kill a component, and returns when that is done.
func Order(folder layout.Folder, verb, component string) error {
	c, err := folder.Dial(layout.ControlSocket)
	if err != nil {
		return fmt.Errorf("no cluster runs in %s: %w", folder, err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%s %s\n", verb, component); err != nil {
		return err
	}
	answer, err := io.ReadAll(c)
	switch {
	case err != nil:
		return err
	case string(answer) == "ok":
		return nil
	case len(answer) == 0:
		return errors.New("the cluster ended meanwhile")
	}
	return errors.New(string(answer))
}

// control takes orders: one line `VERB COMPONENT` per connection, answered by `ok` or by what went wrong.
type control struct {
	supervisor *supervisor
	health     *health
}

func (k *control) serve(ctx context.Context, l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			line, err := bufio.NewReader(io.LimitReader(c, 1024)).ReadString('\n')
			if err == nil {
				err = k.obey(ctx, strings.Fields(line))
			}
			answer := "ok"
			if err != nil {
				answer = err.Error()
			}
			io.WriteString(c, answer) // whoever asked may be gone
		}()
	}
}

func (k *control) obey(ctx context.Context, words []string) error {
	if len(words) != 2 {
		return errors.New("an order is a verb and a component")
	}
	o, known := verbs[words[0]]
	if !known {
		return fmt.Errorf("unknown order `%s`; allowed are stop, start, kill", words[0])
	}
	p, err := k.supervisor.find(words[1])
	if err != nil {
		return err
	}
	if err := p.give(o); err != nil || o != orderStart {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if err := until(ctx, func(ctx context.Context) error { return k.back(ctx, p) }); err != nil {
		return fmt.Errorf("%s does not serve after %s: %w", p.name, startWithin, err)
	}
	return nil
}

// back says whether a component serves and, unless what they need is down too, whether the API server sees it.
func (k *control) back(ctx context.Context, p *supervised) error {
	if err := k.health.serves(ctx, p.name); err != nil {
		return err
	}
	for _, name := range []string{etcdName, apiServerName} {
		needed, err := k.supervisor.find(name)
		if err != nil || needed.down.Load() {
			return err
		}
	}
	if p.node {
		return k.health.nodeReady(ctx, strings.TrimPrefix(p.name, kubeletPrefix))
	}
	return k.health.apiServerReady(ctx)
}
