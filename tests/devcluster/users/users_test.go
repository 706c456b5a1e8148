// A pod in, the kubelet's copy and the users out.

package users

import (
	"encoding/json"
	"testing"

	v1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func TestUsersAreDetachedAndFoundAgain(t *testing.T) {
	pod, err := Detach(parse(t, `
securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}
initContainers:
- {name: prepare, securityContext: {runAsUser: 0}}
containers:
- {name: web, securityContext: {readOnlyRootFilesystem: true}}
- {name: side, securityContext: {runAsUser: 2000}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for container, want := range map[string]int64{"prepare": 0, "web": 1000, "side": 2000, "unknown": 7} {
		if got, err := Of(pod.Annotations, container, 7); err != nil || got != want {
			t.Errorf("%s: got %d (%v), want %d", container, got, err, want)
		}
	}
	// Only what the kubelet must refuse is left: root, where the pod says runAsNonRoot.
	want := `{"initContainers":[{"name":"prepare","resources":{},"securityContext":{"runAsUser":0,"runAsNonRoot":true}}],` +
		`"containers":[{"name":"web","resources":{},"securityContext":{"readOnlyRootFilesystem":true}},` +
		`{"name":"side","resources":{},"securityContext":{}}],"securityContext":{}}`
	if got := print(t, pod.Spec); got != want {
		t.Errorf("\n got: %s\nwant: %s", got, want)
	}
}

func TestImageDecidesWhereThePodIsSilent(t *testing.T) {
	pod, err := Detach(parse(t, `
securityContext: {runAsNonRoot: true}
containers: [{name: web}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Of(pod.Annotations, "web", 1000); err != nil || got != 1000 {
		t.Errorf("got %d (%v)", got, err)
	}
	want := `{"containers":[{"name":"web","resources":{},"securityContext":{"runAsNonRoot":true}}],"securityContext":{}}`
	if got := print(t, pod.Spec); got != want {
		t.Errorf("\n got: %s\nwant: %s", got, want)
	}
}

func parse(t *testing.T, text string) *v1.Pod {
	t.Helper()
	pod := &v1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(text), &pod.Spec); err != nil {
		t.Fatal(err)
	}
	return pod
}

func print(t *testing.T, spec v1.PodSpec) string {
	t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
