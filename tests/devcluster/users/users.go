// Package users carries what a pod says about users from the API to the container, around the kubelet. Without root
// only one user is mapped in the cluster's namespace, so the kubelet could give no file to another; instead each
// container gets a user namespace in which that one user has the wanted number. It is separate because node writes
// what engine reads, and because it is pure.
package users

import (
	"encoding/json"
	"fmt"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// annotation holds, as JSON, the number of each container's user. It exists in the kubelet's copy of a pod only.
const annotation = "devcluster/users"

// Detach returns a pod in which users and groups are an annotation. What `runAsNonRoot` forbids is left for the
// kubelet to refuse.
func Detach(original *v1.Pod) (*v1.Pod, error) {
	pod := original.DeepCopy()
	shared := pod.Spec.SecurityContext
	if shared == nil {
		shared = &v1.PodSecurityContext{}
	}
	numbers := map[string]int64{}
	for _, list := range [][]v1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			c := &list[i]
			if c.SecurityContext == nil {
				c.SecurityContext = &v1.SecurityContext{}
			}
			own := c.SecurityContext
			if own.RunAsUser == nil {
				own.RunAsUser = shared.RunAsUser
			}
			if own.RunAsNonRoot == nil {
				own.RunAsNonRoot = shared.RunAsNonRoot
			}
			if own.RunAsUser != nil {
				numbers[c.Name] = *own.RunAsUser
				if *own.RunAsUser != 0 {
					own.RunAsUser, own.RunAsNonRoot = nil, nil
				}
			}
			own.RunAsGroup = nil
		}
	}
	shared.RunAsUser, shared.RunAsGroup, shared.RunAsNonRoot, shared.FSGroup, shared.SupplementalGroups = nil, nil, nil, nil, nil
	text, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	metav1.SetMetaDataAnnotation(&pod.ObjectMeta, annotation, string(text))
	return pod, nil
}

// Of reads the number of a container's user back; without one the image decides.
func Of(annotations map[string]string, container string, image int64) (int64, error) {
	numbers := map[string]int64{}
	if text := annotations[annotation]; text != "" {
		if err := json.Unmarshal([]byte(text), &numbers); err != nil {
			return 0, fmt.Errorf("annotation %s: %w", annotation, err)
		}
	}
	if user, ok := numbers[container]; ok {
		return user, nil
	}
	return image, nil
}
