// Package fakenode plays nodes on which nothing runs: every container starts at once and is ready, and every job
// succeeds. It is separate from node because it needs no namespaces and carries thousands of pods; it only ever
// writes status, leases and its own Node objects.
package fakenode

import (
	"context"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// workers write pods' status side by side; the API server takes about this many at a time.
const workers = 16

type kubelet struct {
	client    kubernetes.Interface
	pods      corelisters.PodLister
	queue     workqueue.TypedRateLimitingInterface[cache.ObjectName]
	addresses atomic.Int32 // how many were given out
}

// Run plays a number of nodes until the context ends.
func Run(ctx context.Context, client kubernetes.Interface, nodes int) {
	informer := informers.NewSharedInformerFactory(client, 0)
	k := &kubelet{client: client, pods: informer.Core().V1().Pods().Lister(),
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]())}
	add := func(o any) {
		if name, err := cache.ObjectToName(o); err == nil {
			k.queue.Add(name)
		}
	}
	informer.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, o any) { add(o) }})
	go beat(ctx, client, nodes)
	informer.Start(ctx.Done())
	informer.WaitForCacheSync(ctx.Done())
	for range workers {
		go func() {
			for k.next(ctx) {
			}
		}()
	}
	<-ctx.Done()
	k.queue.ShutDown()
}

// next brings one pod one step further; it returns false when the queue was shut down.
func (k *kubelet) next(ctx context.Context) bool {
	name, quit := k.queue.Get()
	if quit {
		return false
	}
	defer k.queue.Done(name)
	pod, err := k.pods.Pods(name.Namespace).Get(name.Name)
	if err == nil {
		err = k.advance(ctx, name, pod)
	}
	if err != nil && !apierrors.IsNotFound(err) {
		k.queue.AddRateLimited(name)
	} else {
		k.queue.Forget(name)
	}
	return true
}
