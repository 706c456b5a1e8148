// The kubelet's source of pods, in place of its own.

package node

import (
	"context"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"

	"keyforge.dev/devcluster/users"
)

// watchPods is the kubelet's source of pods. Only the kubelet's copy of a pod is changed by users.Detach; the API's
// objects, and what admission says about them, stay as written.
func watchPods(ctx context.Context, c clientset.Interface, node string, updates chan<- any) {
	source := cache.NewListWatchFromClient(c.CoreV1().RESTClient(), "pods", metav1.NamespaceAll, fields.OneTermEqualSelector("spec.nodeName", node))
	send := func(objects []any) {
		u := kubetypes.PodUpdate{Op: kubetypes.SET, Source: kubetypes.ApiserverSource}
		for _, o := range objects {
			pod, err := users.Detach(o.(*v1.Pod))
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
