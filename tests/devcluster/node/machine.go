// What the kubelet is told of its machine, in place of cadvisor.

package node

import (
	"context"

	cadvisor "github.com/google/cadvisor/info/v1"
	cadvisorv2 "github.com/google/cadvisor/info/v2"
	"golang.org/x/sys/unix"
	cadvisortest "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
)

const (
	cores      = 256
	memory     = 1 << 40
	disk, free = 1 << 40, 1 << 39
)

// machine is what the node says it has: much, so that requests never keep a pod from it.
type machine struct{ cadvisortest.Fake }

func (machine) MachineInfo() (*cadvisor.MachineInfo, error) {
	return &cadvisor.MachineInfo{NumCores: cores, MemoryCapacity: memory}, nil
}

func (machine) VersionInfo() (*cadvisor.VersionInfo, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil, err
	}
	return &cadvisor.VersionInfo{KernelVersion: unix.ByteSliceToString(u.Release[:]), ContainerOsVersion: "devcluster"}, nil
}

func (machine) RootFsInfo() (cadvisorv2.FsInfo, error) {
	return cadvisorv2.FsInfo{Capacity: disk, Available: free}, nil
}

func (machine) ImagesFsInfo(context.Context) (cadvisorv2.FsInfo, error) {
	return cadvisorv2.FsInfo{Capacity: disk, Available: free}, nil
}

func (machine) ContainerFsInfo(context.Context) (cadvisorv2.FsInfo, error) {
	return cadvisorv2.FsInfo{Capacity: disk, Available: free}, nil
}
