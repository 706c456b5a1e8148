// The cluster that tests share.

package suite

import (
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
)

// One cluster with two nodes serves all tests that do it no harm, each in a namespace of its own.
var common struct {
	once    sync.Once
	dir     string
	hook    net.Listener // behind --host-port
	cluster *cluster
	err     error
}

func shared(t *testing.T) *cluster {
	t.Helper()
	common.once.Do(func() {
		if common.dir, common.err = os.MkdirTemp("", "devcluster-shared-"); common.err != nil {
			return
		}
		if common.hook, common.err = net.Listen("tcp", "127.0.0.1:0"); common.err != nil {
			return
		}
		port := common.hook.Addr().(*net.TCPAddr).Port
		common.cluster, common.err = up(common.dir, "--runtime", "process", "--nodes", "2", "--host-port", "hook="+strconv.Itoa(port))
	})
	if common.err != nil {
		t.Fatal(common.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("devcluster said:\n%s", common.cluster.stderr)
		}
	})
	return common.cluster
}

func stopShared() {
	if common.cluster != nil {
		common.cluster.stop()
	}
	if common.dir != "" {
		os.RemoveAll(common.dir)
	}
}
