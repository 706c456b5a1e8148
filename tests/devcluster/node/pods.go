package node

import (
	"context"
	"encoding/json"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"

	"keyforge.dev/devcluster/engine"
)

// watchPods is the kubelet's source of pods. Only the kubelet's copy of a pod is changed by withoutUsers; the API's
// objects, and what admission says about them, stay as written.
func watchPods(ctx context.Context, c clientset.Interface, node string, updates chan<- any) {
	source := cache.NewListWatchFromClient(c.CoreV1().RESTClient(), "pods", metav1.NamespaceAll, fields.OneTermEqualSelector("spec.nodeName", node))
	send := func(objects []any) {
		u := kubetypes.PodUpdate{Op: kubetypes.SET, Source: kubetypes.ApiserverSource}
		for _, o := range objects {
			pod, err := withoutUsers(o.(*v1.Pod))
			if err != nil {
				klog.ErrorS(err, "pod left out", "pod", klog.KObj(o.(*v1.Pod)))
				continue
			}
			u.Pods = append(u.Pods, pod)
		}
		updates <- u
	}
	cache.NewReflector(source, &v1.Pod{}, cache.NewUndeltaStore(send, cache.MetaNamespaceKeyFunc), 0).Run(ctx.Done())
}

// withoutUsers moves the users and groups of a pod into an annotation. Without root only one user is mapped in the
// cluster's namespace, so the kubelet could give no file to another; the engine gives each container a user namespace
// in which that one user has the wanted number. What `runAsNonRoot` forbids is left for the kubelet to refuse.
func withoutUsers(original *v1.Pod) (*v1.Pod, error) {
	pod := original.DeepCopy()
	shared := pod.Spec.SecurityContext
	if shared == nil {
		shared = &v1.PodSecurityContext{}
	}
	users := map[string]int64{}
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
				users[c.Name] = *own.RunAsUser
				if *own.RunAsUser != 0 {
					own.RunAsUser, own.RunAsNonRoot = nil, nil
				}
			}
			own.RunAsGroup = nil
		}
	}
	shared.RunAsUser, shared.RunAsGroup, shared.RunAsNonRoot, shared.FSGroup, shared.SupplementalGroups = nil, nil, nil, nil, nil
	text, err := json.Marshal(users)
	if err != nil {
		return nil, err
	}
	metav1.SetMetaDataAnnotation(&pod.ObjectMeta, engine.UsersAnnotation, string(text))
	return pod, nil
}
