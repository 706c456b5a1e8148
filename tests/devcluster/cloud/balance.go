// Addresses of LoadBalancer services and ingresses, and the ready endpoints behind a service.

package cloud

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"keyforge.dev/devcluster/layout"
)

// balance gives LoadBalancer services and ingresses their addresses.
func (c *Cloud) balance(ctx context.Context) (errs []error) {
	services, err := c.services.List(labels.Everything())
	if err != nil {
		errs = append(errs, err)
	}
	for _, s := range services {
		address := balancerAddress(s)
		if address == "" || len(s.Status.LoadBalancer.Ingress) > 0 {
			continue
		}
		s = s.DeepCopy()
		s.Status.LoadBalancer.Ingress = []v1.LoadBalancerIngress{{IP: address}}
		if _, err := c.client.CoreV1().Services(s.Namespace).UpdateStatus(ctx, s, metav1.UpdateOptions{}); err != nil {
			errs = append(errs, fmt.Errorf("give service %s/%s an address: %w", s.Namespace, s.Name, err))
		}
	}
	ingresses, err := c.Ingresses.List(labels.Everything())
	if err != nil {
		errs = append(errs, err)
	}
	for _, i := range ingresses {
		if len(i.Status.LoadBalancer.Ingress) > 0 || i.Spec.IngressClassName == nil || *i.Spec.IngressClassName != IngressClass {
			continue
		}
		i = i.DeepCopy()
		i.Status.LoadBalancer.Ingress = []networking.IngressLoadBalancerIngress{{IP: "127.0.0.1"}}
		if _, err := c.client.NetworkingV1().Ingresses(i.Namespace).UpdateStatus(ctx, i, metav1.UpdateOptions{}); err != nil {
			errs = append(errs, fmt.Errorf("give ingress %s/%s an address: %w", i.Namespace, i.Name, err))
		}
	}
	return errs
}

// balancerAddress mirrors the ClusterIP, so that it needs no allocator.
func balancerAddress(s *v1.Service) string {
	cluster, _, _ := strings.Cut(layout.ServiceRange, ".0.0/")
	balancer, _, _ := strings.Cut(layout.BalancerRange, ".0.0/")
	rest, ok := strings.CutPrefix(s.Spec.ClusterIP, cluster+".")
	if s.Spec.Type != v1.ServiceTypeLoadBalancer || !ok {
		return ""
	}
	return balancer + "." + rest
}

// Endpoint is the address of a ready endpoint of a service's port, which is named or numbered; "" if none is ready.
func (c *Cloud) Endpoint(namespace, service string, port networking.ServiceBackendPort) string {
	s, err := c.services.Services(namespace).Get(service)
	if err != nil {
		return ""
	}
	for _, p := range s.Spec.Ports {
		if port.Name != "" && p.Name == port.Name || port.Name == "" && p.Port == port.Number {
			return c.endpoint(namespace, service, p.Name)
		}
	}
	return ""
}

func (c *Cloud) endpoint(namespace, service, port string) string {
	if namespace == "default" && service == "kubernetes" {
		return net.JoinHostPort(layout.APIAddress, strconv.Itoa(layout.APIPort))
	}
	slices, err := c.slices.EndpointSlices(namespace).List(labels.SelectorFromSet(labels.Set{discovery.LabelServiceName: service}))
	if err != nil {
		return ""
	}
	var ready []string
	for _, s := range slices {
		for _, p := range s.Ports {
			if p.Name == nil || *p.Name != port || p.Port == nil {
				continue
			}
			for _, e := range s.Endpoints {
				if e.Conditions.Ready == nil || *e.Conditions.Ready {
					ready = append(ready, net.JoinHostPort(e.Addresses[0], strconv.Itoa(int(*p.Port))))
				}
			}
		}
	}
	if len(ready) == 0 {
		return ""
	}
	return ready[rand.IntN(len(ready))]
}
