// What a pod sees, and how it fails and recovers.

package suite

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const workload = `
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {ADMIN_TOKEN: hunter2}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: files}
data: {motd: "hello from a config map"}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  terminationGracePeriodSeconds: 1
  containers:
  - name: web
    image: shell:1
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    args:
    - |
      echo "uid $(id -u)"
      echo "token $ADMIN_TOKEN"
      cat /etc/web/motd && echo
      touch /not-here 2>/dev/null && echo "the root is writable"
      echo kept > /data/file && cat /data/file
      ls -ln /data/file | cut -d' ' -f3
      touch /tmp/ready
      exec sleep 1000
    env: [{name: ADMIN_TOKEN, valueFrom: {secretKeyRef: {name: token, key: ADMIN_TOKEN}}}]
    readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1}
    volumeMounts: [{name: data, mountPath: /data}, {name: files, mountPath: /etc/web}, {name: tmp, mountPath: /tmp}]
  volumes:
  - {name: data, persistentVolumeClaim: {claimName: data}}
  - {name: files, configMap: {name: files}}
  - {name: tmp, emptyDir: {}}
`

func TestPodHasItsSecretFilesVolumeAndUser(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t, "pod-security.kubernetes.io/enforce=restricted")
	s.apply(t, workload)
	s.wait(t, "pod/web", "condition=Ready")
	want := strings.Join([]string{"uid 1000", "token hunter2", "hello from a config map", "kept", "1000"}, "\n")
	if got := s.kubectl(t, "logs", "web"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	s.kubectl(t, "exec", "web", "--", "rm", "/tmp/ready")
	s.wait(t, "pod/web", "condition=Ready=false")
	s.kubectl(t, "exec", "web", "--", "touch", "/tmp/ready")
	s.wait(t, "pod/web", "condition=Ready")
}

func TestExecPassesTheExitCodeOn(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, pod("web", "image: web:1"))
	s.wait(t, "pod/web", "condition=Ready")
	_, err := s.try("", "--namespace", s.name, "exec", "web", "--", "sh", "-c", "exit 7")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("got %v, want exit code 7", err)
	}
}

func TestRootIsRefusedWhereThePodForbidsIt(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, pod("web", "{image: 'web:1', securityContext: {runAsNonRoot: true}}"))
	s.wait(t, "pod/web", "jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError")
}

func TestRootInAPodCannotChangeTheMachine(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  restartPolicy: Never
  containers:
  - {name: web, image: "shell:1", args: ["echo uid $(id -u); touch /etc/mine; mount -o remount,rw,bind /etc && touch /etc/mine; mount -t tmpfs none /mnt && echo mounted; true"]}
`)
	s.wait(t, "pod/web", "jsonpath={.status.phase}=Succeeded")
	if got := s.kubectl(t, "logs", "web"); !strings.Contains(got, "uid 0") || strings.Contains(got, "mounted") {
		t.Errorf("got: %s", got)
	}
	if _, err := os.Stat("/etc/mine"); err == nil {
		t.Error("the pod wrote to the machine")
	}
}

func TestCommandThatIsNotThereIsToldByTheKubelet(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, pod("web", "{image: 'web:1', command: [/bin/nothing]}"))
	s.wait(t, "pod/web", "jsonpath={.status.containerStatuses[0].state.waiting.reason}=RunContainerError")
	want := `command: exec: "/bin/nothing": stat /bin/nothing: no such file or directory`
	if got := s.field(t, "pod/web", "{.status.containerStatuses[0].state.waiting.message}"); got != want {
		t.Errorf("got: %s\nwant: %s", got, want)
	}
}

func TestInitContainersRunInOrderAndAreTriedAgain(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{name: data, emptyDir: {}}]
  initContainers:
  - {name: first, image: "shell:1", args: ["echo first >> /data/file"], volumeMounts: [{name: data, mountPath: /data}]}
  - name: second
    image: shell:1
    args: ["echo second >> /data/file; [ $(grep -c second /data/file) = 2 ]"]
    volumeMounts: [{name: data, mountPath: /data}]
  containers:
  - {name: web, image: "shell:1", args: ["cat /data/file; exec sleep 1000"], volumeMounts: [{name: data, mountPath: /data}]}
`)
	s.wait(t, "pod/web", "condition=Ready")
	if got, want := s.kubectl(t, "logs", "web", "-c", "web"), "first\nsecond\nsecond"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := s.field(t, "pod/web", "{.status.initContainerStatuses[*].restartCount}"); got != "0 1" {
		t.Errorf("restarts: got %s, want 0 1", got)
	}
}

func TestCrashingPodBacksOffAndRecovers(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{name: switch, configMap: {name: switch, optional: true}}]
  containers:
  - {name: web, image: "shell:1", args: ["[ -e /etc/switch/on ] || exit 3; exec sleep 1000"], volumeMounts: [{name: switch, mountPath: /etc/switch}]}
`)
	s.wait(t, "pod/web", "jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff")
	if got := s.field(t, "pod/web", "{.status.containerStatuses[0].lastState.terminated.exitCode}"); got != "3" {
		t.Errorf("exit code: got %s, want 3", got)
	}
	s.kubectl(t, "create", "configmap", "switch", "--from-literal=on=1")
	s.wait(t, "pod/web", "condition=Ready")
}

func TestUnknownImageIsNotPulledUntilItIsReplaced(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, pod("web", "image: unknown:1"))
	waiting := "{.status.containerStatuses[0].state.waiting.%s}"
	s.wait(t, "pod/web", "jsonpath="+strings.Replace(waiting, "%s", "reason", 1)+"=ErrImagePull")
	if got := s.field(t, "pod/web", strings.Replace(waiting, "%s", "message", 1)); !strings.Contains(got, "no entry of the images file matches `unknown:1`") {
		t.Errorf("message: %s", got)
	}
	s.wait(t, "pod/web", "jsonpath="+strings.Replace(waiting, "%s", "reason", 1)+"=ImagePullBackOff")
	s.kubectl(t, "set", "image", "pod/web", "main=web:1")
	s.wait(t, "pod/web", "condition=Ready")
}

// pod is a pod with one container, `main`.
func pod(name, container string, spec ...string) string {
	if !strings.HasPrefix(container, "{") {
		container = "{" + strings.Replace(container, ": ", ": '", 1) + "'}"
	}
	return `
apiVersion: v1
kind: Pod
metadata: {name: ` + name + `, labels: {app: ` + name + `}}
spec:
  terminationGracePeriodSeconds: 1
  ` + strings.Join(spec, "\n  ") + `
  containers:
  - ` + strings.Replace(container, "{", "{name: main, ", 1) + "\n---"
}
