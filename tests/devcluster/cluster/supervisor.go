// Keeps components running. It knows no component by name; what a component needs around its life is in its struct.

package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"keyforge.dev/devcluster/layout"
)

const (
	restartAfter = 300 * time.Millisecond
	// A component that ends quickDeaths times in a row, each time within quick, ends the cluster.
	quick       = 5 * time.Second
	quickDeaths = 5
	// killAfter is how long a component has to end when the cluster stops.
	killAfter = 3 * time.Second
)

// supervisor starts components again when they die, as a kubelet does with the pods of a control plane.
type supervisor struct {
	folder layout.Folder
	// fail is called once, when a component does not stay up.
	fail func(error)
	// held counts the components that are down on purpose. Others that need them may die meanwhile.
	held      atomic.Int32
	processes []*supervised
}

// order is what a component is told to do.
type order int

const (
	orderStop  order = iota // die and stay down
	orderStart              // come back
	orderKill               // die
)

type orderReply struct {
	order
	done chan error
}

// supervised is a component under supervision. Its goroutine alone knows its process.
type supervised struct {
	component
	orders chan orderReply
	quit   chan struct{} // closed to end it for good
	gone   chan struct{} // closed when it has ended for good
	down   atomic.Bool   // whether it is down on purpose
}

// run starts a component and keeps it running.
func (s *supervisor) run(c component) {
	p := &supervised{component: c, orders: make(chan orderReply), quit: make(chan struct{}), gone: make(chan struct{})}
	s.processes = append(s.processes, p)
	go s.supervise(p)
}

func (s *supervisor) find(name string) (*supervised, error) {
	var names []string
	for _, p := range s.processes {
		if p.name == name {
			return p, nil
		}
		names = append(names, p.name)
	}
	return nil, fmt.Errorf("no component `%s`; there are %s", name, strings.Join(names, ", "))
}

// give gives an order and returns when it was carried out.
func (p *supervised) give(o order) error {
	r := orderReply{o, make(chan error, 1)}
	select {
	case p.orders <- r:
		return <-r.done
	case <-p.gone:
		return fmt.Errorf("%s: the cluster is stopping", p.name)
	}
}

func (s *supervisor) supervise(p *supervised) {
	runtime.LockOSThread() // the children's death signal follows the thread
	defer close(p.gone)
	for deaths := 0; ; {
		began := time.Now()
		err, wanted := s.live(p)
		switch {
		case wanted:
			deaths = 0
		case time.Since(began) > quick || s.held.Load() > 0:
			deaths = 1
		default:
			deaths++
		}
		if deaths == quickDeaths {
			s.fail(fmt.Errorf("%s does not stay up (%w), see %s", p.name, err, s.folder.Log(p.name)))
		}
		if !wanted {
			fmt.Fprintf(os.Stderr, "devcluster: %s ended (%v), starting it again\n", p.name, err)
		}
		if !s.rest(p) {
			return
		}
	}
}

// live is one life of a component. wanted says that it was told to die.
func (s *supervisor) live(p *supervised) (err error, wanted bool) {
	if p.opened != nil {
		if err := p.opened(); err != nil {
			return err, false
		}
	}
	log, err := os.OpenFile(s.folder.Log(p.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err, false
	}
	defer log.Close()
	cmd := exec.Command(p.program, p.args...)
	// Clients take their name from it, and the API server takes it as the field manager of what they write.
	cmd.Args[0] = p.client
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles, cmd.Env = string(s.folder), log, log, p.files, append(os.Environ(), p.env...)
	// Own process group: Ctrl-C reaches only Up, and the stop keeps its order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if p.node {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS
	}
	if err := cmd.Start(); err != nil {
		return err, false
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			p.close()
			return err, false
		case <-p.quit:
			cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
			select {
			case err = <-ended:
			case <-time.After(killAfter):
				cmd.Process.Kill()
				err = <-ended
			}
			return err, true
		case r := <-p.orders:
			if r.order == orderStart {
				r.done <- nil
				continue
			}
			cmd.Process.Kill()
			err = <-ended
			p.close()
			s.hold(p, r.order == orderStop)
			r.done <- nil
			return err, true
		}
	}
}

// close shuts the component's door, where it has one. It was open, so there is no error to expect.
func (p *supervised) close() {
	if p.shut != nil {
		p.shut()
	}
}

// rest is the time between two lives: a moment, or as long as the component is down on purpose. It returns false when
// there is no next life.
func (s *supervisor) rest(p *supervised) bool {
	timer := time.NewTimer(restartAfter)
	defer timer.Stop()
	for {
		wake := timer.C
		if p.down.Load() {
			wake = nil
		}
		select {
		case <-p.quit:
			return false
		case <-wake:
			return true
		case r := <-p.orders:
			s.hold(p, r.order == orderStop || p.down.Load() && r.order == orderKill)
			r.done <- nil
			if r.order == orderStart {
				return true
			}
		}
	}
}

func (s *supervisor) hold(p *supervised, down bool) {
	if p.down.Swap(down) != down {
		if down {
			s.held.Add(1)
		} else {
			s.held.Add(-1)
		}
	}
}

// stop ends the nodes together, then the other components, last started first.
func (s *supervisor) stop() {
	var nodes sync.WaitGroup
	for _, p := range s.processes {
		if p.node {
			nodes.Add(1)
			go func() {
				defer nodes.Done()
				p.end()
			}()
		}
	}
	nodes.Wait()
	for i := len(s.processes) - 1; i >= 0; i-- {
		if !s.processes[i].node {
			s.processes[i].end()
		}
	}
}

func (p *supervised) end() {
	close(p.quit)
	<-p.gone
}
