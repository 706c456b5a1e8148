// Command controlplane is only the control plane of devcluster, at another Kubernetes version: the module pins it.
// A kubelet may be up to three minor versions older than its API server, so this runs below the kubelet of devcluster
// with `devcluster up --control-plane`.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		name, args := os.Args[1], os.Args[2:]
		os.Args = append([]string{name}, args...)
		controlPlane(name, args)
	}
	fmt.Fprintln(os.Stderr, "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kube-scheduler [flags]")
	os.Exit(2)
}
