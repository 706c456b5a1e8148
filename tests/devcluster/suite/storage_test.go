// Volumes: growth, limits, reclaim.

package suite

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const claimAndPod = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
  containers:
  - {name: web, image: "shell:1", args: ["[ -e /data/file ] || echo kept > /data/file; exec sleep 1000"], volumeMounts: [{name: data, mountPath: /data}]}
`

func resize(s space, size string) (string, error) {
	return s.try("", "--namespace", s.name, "patch", "pvc", "data", "-p", `{"spec":{"resources":{"requests":{"storage":"`+size+`"}}}}`)
}

func TestVolumeGrowsAndDoesNotShrink(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, claimAndPod)
	s.wait(t, "pod/web", "condition=Ready")
	if out, err := resize(s, "3Gi"); err != nil {
		t.Fatal(err, out)
	}
	s.wait(t, "pvc/data", "jsonpath={.status.capacity.storage}=3Gi")
	if got := s.kubectl(t, "get", "pv", s.field(t, "pvc/data", "{.spec.volumeName}"), "-o", "jsonpath={.spec.capacity.storage}"); got != "3Gi" {
		t.Errorf("volume: got %s, want 3Gi", got)
	}
	if out, err := resize(s, "2Gi"); err == nil || !strings.Contains(out, "field can not be less than status.capacity") {
		t.Errorf("shrinking: got %v\n%s", err, out)
	}
}

func TestComponentsWriteUnderTheirOwnNames(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, claimAndPod)
	s.wait(t, "pod/web", "condition=Ready")
	for object, want := range map[string][]string{
		"pod/web":  {"kubelet"},
		"pvc/data": {"kube-controller-manager", "kube-scheduler"},
	} {
		got := strings.Fields(s.kubectl(t, "get", object, "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}"))
		for _, manager := range want {
			if !slices.Contains(got, manager) {
				t.Errorf("%s: %s is not among %v", object, manager, got)
			}
		}
	}
}

func TestVolumeDoesNotGrowOverTheQuota(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.kubectl(t, "create", "quota", "storage", "--hard=requests.storage=2Gi")
	s.wait(t, "quota/storage", "jsonpath={.status.hard}")
	s.apply(t, claimAndPod)
	s.wait(t, "pod/web", "condition=Ready")
	if out, err := resize(s, "3Gi"); err == nil || !strings.Contains(out, "exceeded quota: storage") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestDeletedClaimTakesItsVolumeAlong(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, claimAndPod)
	s.wait(t, "pod/web", "condition=Ready")
	volume := s.field(t, "pvc/data", "{.spec.volumeName}")
	folder := s.kubectl(t, "get", "pv", volume, "-o", "jsonpath={.spec.hostPath.path}")
	if text, err := os.ReadFile(folder + "/file"); err != nil || string(text) != "kept\n" {
		t.Fatalf("%q %v", text, err)
	}
	s.kubectl(t, "delete", "pod/web", "pvc/data")
	s.wait(t, "pv/"+volume, "delete")
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the volume's files are still there: %v", err)
	}
}

func TestRetainedVolumeStays(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, claimAndPod)
	s.wait(t, "pod/web", "condition=Ready")
	volume := s.field(t, "pvc/data", "{.spec.volumeName}")
	s.kubectl(t, "patch", "pv", volume, "-p", `{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}`)
	folder := s.kubectl(t, "get", "pv", volume, "-o", "jsonpath={.spec.hostPath.path}")
	s.kubectl(t, "delete", "pod/web", "pvc/data")
	s.wait(t, "pv/"+volume, "jsonpath={.status.phase}=Released")
	if _, err := os.Stat(folder + "/file"); err != nil {
		t.Error(err)
	}
}
