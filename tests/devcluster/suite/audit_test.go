// What the API server records of who asks for what.

package suite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheAPIServerRecordsWhatAPolicyNames(t *testing.T) {
	t.Parallel()
	dir, policy := t.TempDir(), filepath.Join(t.TempDir(), "policy.yaml")
	text := "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- {level: Metadata, verbs: [create]}\n"
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := up(dir, "--runtime", "fake", "--audit-policy", policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.stop() })
	c.kubectl(t, "create", "namespace", "recorded")
	log, err := os.ReadFile(filepath.Join(dir, "log", "audit.log"))
	if err != nil || !strings.Contains(string(log), `"name":"recorded"`) {
		t.Errorf("%v\n%s", err, log)
	}
}
