// Package ingress serves the cluster's Ingress objects over HTTPS on the host. It is separate from the cloud's loop,
// since it works per request; it reads caches and changes nothing.
package ingress

import (
	"cmp"
	"slices"
	"strings"

	networking "k8s.io/api/networking/v1"
)

// rank orders the matches of a request: an exact host before a wildcard before none, an exact path before a longer
// prefix before a shorter one.
type rank struct{ host, exact, length int }

func (r rank) compare(o rank) int {
	return cmp.Or(cmp.Compare(r.host, o.host), cmp.Compare(r.exact, o.exact), cmp.Compare(r.length, o.length))
}

// Target is the service port that a request belongs to.
type Target struct {
	Namespace, Service string
	Port               networking.ServiceBackendPort
}

// Route finds where a request goes. Of equal matches the oldest ingress wins, as with other controllers.
func Route(all []*networking.Ingress, class, host, path string) (Target, bool) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b *networking.Ingress) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	var best rank
	var target Target
	found := false
	consider := func(i *networking.Ingress, b *networking.IngressBackend, r rank) {
		if b != nil && b.Service != nil && (!found || r.compare(best) > 0) {
			best, target, found = r, Target{i.Namespace, b.Service.Name, b.Service.Port}, true
		}
	}
	for _, i := range all {
		if i.Spec.IngressClassName == nil || *i.Spec.IngressClassName != class {
			continue
		}
		consider(i, i.Spec.DefaultBackend, rank{host: -1})
		for _, r := range i.Spec.Rules {
			hostRank, ok := matchHost(r.Host, host)
			if !ok || r.HTTP == nil {
				continue
			}
			for _, p := range r.HTTP.Paths {
				if exact, ok := matchPath(p, path); ok {
					consider(i, &p.Backend, rank{hostRank, exact, len(p.Path)})
				}
			}
		}
	}
	return target, found
}

// matchHost compares with a rule's host: its own name, `*.` for one label, or none for all.
func matchHost(rule, host string) (rank int, ok bool) {
	host = strings.ToLower(host)
	if suffix, wildcard := strings.CutPrefix(rule, "*"); wildcard {
		label, ok := strings.CutSuffix(host, suffix)
		return 1, ok && label != "" && !strings.Contains(label, ".")
	}
	if rule == "" {
		return 0, true
	}
	return 2, rule == host
}

// matchPath compares element by element: `/a` is a prefix of `/a/b`, not of `/ab`.
func matchPath(p networking.HTTPIngressPath, path string) (exact int, ok bool) {
	if p.PathType != nil && *p.PathType == networking.PathTypeExact {
		return 1, path == p.Path
	}
	prefix := strings.TrimSuffix(p.Path, "/")
	rest, ok := strings.CutPrefix(path, prefix)
	return 0, ok && (rest == "" || rest[0] == '/')
}
