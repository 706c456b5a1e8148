// Volumes: folders that are made, enlarged in name and deleted as their claims say.

package cloud

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	provisioner       = "devcluster/directory"
	provisionedBy     = "pv.kubernetes.io/provisioned-by"
	selectedNode      = "volume.kubernetes.io/selected-node"
	volumePermissions = 0o777 // whatever number a container's user has
)

// storage provisions, expands and reclaims volumes. A volume is a folder, which every node sees: its size is a number
// in the API and nothing more. That a claim does not shrink is the API server's own rule.
func (c *Cloud) storage(ctx context.Context) (errs []error) {
	note := func(what, name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", what, name, err))
		}
	}
	claims, err := c.claims.List(labels.Everything())
	note("list", "claims", err)
	for _, claim := range claims {
		if claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName != StorageClass || claim.DeletionTimestamp != nil {
			continue
		}
		if claim.Status.Phase == v1.ClaimBound {
			note("expand volume of claim", claim.Name, c.expand(ctx, claim))
		} else {
			note("provision volume of claim", claim.Name, c.provision(ctx, claim))
		}
	}
	disks, err := c.disks.List(labels.Everything())
	note("list", "volumes", err)
	for _, disk := range disks {
		note("reclaim volume", disk.Name, c.reclaim(ctx, disk))
	}
	return errs
}

// provision makes the volume of a claim once the scheduler has chosen a node for its first pod.
func (c *Cloud) provision(ctx context.Context, claim *v1.PersistentVolumeClaim) error {
	name := "pvc-" + string(claim.UID)
	if _, err := c.disks.Get(name); err == nil || claim.Spec.VolumeName != "" || claim.Annotations[selectedNode] == "" {
		return nil
	}
	folder := filepath.Join(c.volumes, claim.Namespace+"_"+claim.Name+"_"+string(claim.UID))
	if err := os.MkdirAll(folder, volumePermissions); err != nil {
		return err
	}
	if err := os.Chmod(folder, volumePermissions); err != nil { // whatever the umask says
		return err
	}
	_, err := c.client.CoreV1().PersistentVolumes().Create(ctx, &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisioner}},
		Spec: v1.PersistentVolumeSpec{
			Capacity:    v1.ResourceList{v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage]},
			AccessModes: claim.Spec.AccessModes, VolumeMode: claim.Spec.VolumeMode, StorageClassName: StorageClass,
			PersistentVolumeReclaimPolicy: v1.PersistentVolumeReclaimDelete,
			PersistentVolumeSource:        v1.PersistentVolumeSource{HostPath: &v1.HostPathVolumeSource{Path: folder}},
			ClaimRef: &v1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace,
				Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion}},
	}, metav1.CreateOptions{})
	return err
}

// expand gives a bound claim the larger size that it asks for: first the volume, then the claim's status.
func (c *Cloud) expand(ctx context.Context, claim *v1.PersistentVolumeClaim) error {
	want, have := claim.Spec.Resources.Requests[v1.ResourceStorage], claim.Status.Capacity[v1.ResourceStorage]
	if want.Cmp(have) <= 0 {
		return nil
	}
	disk, err := c.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	disk.Spec.Capacity[v1.ResourceStorage] = want
	if _, err := c.client.CoreV1().PersistentVolumes().Update(ctx, disk, metav1.UpdateOptions{}); err != nil {
		return err
	}
	claim = claim.DeepCopy()
	claim.Status.Capacity[v1.ResourceStorage] = want
	claim.Status.Conditions = nil // the controller's "resizing", which is over
	_, err = c.client.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, claim, metav1.UpdateOptions{})
	return err
}

// reclaim deletes a volume whose claim is gone, and its files. With the policy Retain both stay.
func (c *Cloud) reclaim(ctx context.Context, disk *v1.PersistentVolume) error {
	if disk.Annotations[provisionedBy] != provisioner || disk.Status.Phase != v1.VolumeReleased ||
		disk.Spec.PersistentVolumeReclaimPolicy != v1.PersistentVolumeReclaimDelete || disk.DeletionTimestamp != nil {
		return nil
	}
	if err := os.RemoveAll(disk.Spec.HostPath.Path); err != nil {
		return err
	}
	return c.client.CoreV1().PersistentVolumes().Delete(ctx, disk.Name, metav1.DeleteOptions{})
}
