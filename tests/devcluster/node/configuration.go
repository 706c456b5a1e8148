// What the kubelet is told: its configuration, and the kinds of volumes that it mounts.

package node

import (
	"path/filepath"
	"time"

	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/downwardapi"
	"k8s.io/kubernetes/pkg/volume/emptydir"
	"k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/local"
	"k8s.io/kubernetes/pkg/volume/projected"
	"k8s.io/kubernetes/pkg/volume/secret"

	"keyforge.dev/devcluster/layout"
)

// manifests is the folder of static pods, of which there are none.
const manifests = "manifests"

// configure sets what differs from the kubelet's defaults. Restart and pull back-off do not: what a test sees of
// them is what a real cluster shows.
func configure(c *kubeletconfig.KubeletConfiguration, number int) {
	c.Address, c.Port = layout.NodeAddress(number), layout.KubeletPort
	c.EnableServer, c.EnableDebuggingHandlers = true, true
	c.StaticPodPath, c.PodLogsDir = filepath.Join(root, manifests), filepath.Join(root, "logs")
	c.ProviderID = "devcluster://" + layout.NodeName(number)
	c.RegisterNode, c.MaxPods = true, layout.PodsPerNode
	c.NodeStatusUpdateFrequency.Duration = 10 * time.Second
	c.NodeStatusReportFrequency.Duration = 5 * time.Minute
	c.SyncFrequency.Duration = 10 * time.Second
	c.ConfigMapAndSecretChangeDetectionStrategy = kubeletconfig.WatchChangeDetectionStrategy
	c.KubeAPIQPS, c.KubeAPIBurst, c.EventRecordQPS = 500, 1000, 0
	c.SerializeImagePulls, c.RegistryPullQPS = false, 0

	// There are no cgroups, no disks to watch and no host ports to map.
	c.CgroupsPerQOS, c.CgroupRoot, c.EnforceNodeAllocatable, c.FailSwapOn = false, "", nil, false
	c.LocalStorageCapacityIsolation = false
	c.VolumeStatsAggPeriod.Duration = 0
	c.ImageGCHighThresholdPercent, c.ImageGCLowThresholdPercent = 100, 99
	c.EvictionHard = map[string]string{}
	c.HairpinMode = kubeletconfig.HairpinNone
	c.ResolverConfig = ""
	c.MaxOpenFiles = 4096
	c.EnableControllerAttachDetach = true
}

func volumePlugins() (all []volume.VolumePlugin) {
	for _, plugins := range [][]volume.VolumePlugin{
		emptydir.ProbeVolumePlugins(), secret.ProbeVolumePlugins(), configmap.ProbeVolumePlugins(),
		downwardapi.ProbeVolumePlugins(), projected.ProbeVolumePlugins(), local.ProbeVolumePlugins(),
		hostpath.ProbeVolumePlugins(volume.VolumeConfig{}),
	} {
		all = append(all, plugins...)
	}
	return all
}
