// Package cloud does in small what surrounds a cluster: a storage provisioner, load balancers and kube-proxy. It is
// separate from the nodes, which it never talks to; all it knows comes from the API. It is one level-triggered loop:
// a pass looks at everything and makes what is missing, an error is tried again in the next pass.
package cloud

import (
	"context"
	"fmt"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	storage "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
)

const (
	// StorageClass is the default class: bound by the first pod, expandable, deleted with its claim.
	StorageClass = "standard"
	// IngressClass is the default class, served by package ingress.
	IngressClass = "devcluster"

	burst  = 20 * time.Millisecond // one pass for all events within it
	resync = 5 * time.Second
)

// Cloud holds the caches that its passes read.
type Cloud struct {
	// Ingresses is for package ingress.
	Ingresses networkinglisters.IngressLister

	client   kubernetes.Interface
	volumes  string // folder of the volumes
	services corelisters.ServiceLister
	claims   corelisters.PersistentVolumeClaimLister
	disks    corelisters.PersistentVolumeLister
	slices   discoverylisters.EndpointSliceLister
	proxy    *proxy // nil where service addresses are not local
}

// Start makes the classes, fills the caches and starts the loop. serviceProxy says whether service addresses belong
// to this network namespace, so that they can be listened on.
func Start(ctx context.Context, client kubernetes.Interface, volumes string, serviceProxy bool) (*Cloud, error) {
	f := informers.NewSharedInformerFactory(client, 0)
	c := &Cloud{client: client, volumes: volumes,
		Ingresses: f.Networking().V1().Ingresses().Lister(), services: f.Core().V1().Services().Lister(),
		claims: f.Core().V1().PersistentVolumeClaims().Lister(), disks: f.Core().V1().PersistentVolumes().Lister(),
		slices: f.Discovery().V1().EndpointSlices().Lister()}
	if serviceProxy {
		c.proxy = &proxy{}
	}
	wake := make(chan struct{}, 1)
	poke := func(any) {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	for _, i := range []cache.SharedIndexInformer{f.Core().V1().Services().Informer(), f.Core().V1().PersistentVolumeClaims().Informer(),
		f.Core().V1().PersistentVolumes().Informer(), f.Networking().V1().Ingresses().Informer()} {
		if _, err := i.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: poke, UpdateFunc: func(_, n any) { poke(n) }, DeleteFunc: poke}); err != nil {
			return nil, err
		}
	}
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	if err := c.makeClasses(ctx); err != nil {
		return nil, err
	}
	go func() {
		for ctx.Err() == nil {
			c.pass(ctx)
			select {
			case <-wake:
				sleep(ctx, burst)
			case <-time.After(resync):
			case <-ctx.Done():
			}
		}
	}()
	return c, nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (c *Cloud) makeClasses(ctx context.Context) error {
	wait, expand, remove := storage.VolumeBindingWaitForFirstConsumer, true, v1.PersistentVolumeReclaimDelete
	_, err := c.client.StorageV1().StorageClasses().Create(ctx, &storage.StorageClass{
		ObjectMeta:  metav1.ObjectMeta{Name: StorageClass, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner: provisioner, VolumeBindingMode: &wait, ReclaimPolicy: &remove, AllowVolumeExpansion: &expand}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	_, err = c.client.NetworkingV1().IngressClasses().Create(ctx, &networking.IngressClass{
		ObjectMeta: metav1.ObjectMeta{Name: IngressClass, Annotations: map[string]string{"ingressclass.kubernetes.io/is-default-class": "true"}},
		Spec:       networking.IngressClassSpec{Controller: "devcluster/ingress"}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// pass does what can be done now. An error that only says that another was faster is not worth a word: the next
// pass sees the newer state.
func (c *Cloud) pass(ctx context.Context) {
	for _, err := range append(c.storage(ctx), c.balance(ctx)...) {
		if ctx.Err() == nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && !apierrors.IsAlreadyExists(err) {
			fmt.Fprintf(os.Stderr, "devcluster: unable to %v; retrying in %s\n", err, resync)
		}
	}
	if c.proxy != nil {
		c.proxy.listen(c.wanted())
	}
}
