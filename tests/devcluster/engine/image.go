// The image half of CRI: what the images file names is there already, and nothing else can be pulled.

package engine

import (
	"context"
	"fmt"
	"time"

	rt "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// ListImages has none to offer to the kubelet's garbage collection.
func (e *Engine) ListImages(context.Context, *rt.ImageFilter) ([]*rt.Image, error) { return nil, nil }

// ImageStatus describes an image of the images file, or none.
func (e *Engine) ImageStatus(_ context.Context, q *rt.ImageSpec, _ bool) (*rt.ImageStatusResponse, error) {
	i, ok := e.options.Images.Find(q.Image)
	if !ok {
		return &rt.ImageStatusResponse{}, nil
	}
	return &rt.ImageStatusResponse{Image: &rt.Image{Id: q.Image, RepoTags: []string{q.Image}, Size: 1, Uid: &rt.Int64Value{Value: i.User}}}, nil
}

// PullImage finds an image in the images file, else it fails at once, which the kubelet shows as ErrImagePull.
func (e *Engine) PullImage(_ context.Context, q *rt.ImageSpec, _ *rt.AuthConfig, _ *rt.PodSandboxConfig) (string, error) {
	if _, ok := e.options.Images.Find(q.Image); !ok {
		return "", unknownImage(q.Image)
	}
	return q.Image, nil
}

func unknownImage(reference string) error {
	return fmt.Errorf("no entry of the images file matches `%s`", reference)
}

// RemoveImage has nothing to remove.
func (e *Engine) RemoveImage(context.Context, *rt.ImageSpec) error { return nil }

// ImageFsInfo says that images take no room.
func (e *Engine) ImageFsInfo(context.Context) (*rt.ImageFsInfoResponse, error) {
	usage := []*rt.FilesystemUsage{{Timestamp: time.Now().UnixNano(), FsId: &rt.FilesystemIdentifier{Mountpoint: "/"},
		UsedBytes: &rt.UInt64Value{}, InodesUsed: &rt.UInt64Value{}}}
	return &rt.ImageFsInfoResponse{ImageFilesystems: usage, ContainerFilesystems: usage}, nil
}
