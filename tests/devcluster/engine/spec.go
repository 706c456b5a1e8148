// From what the kubelet says of a container, and what the images file says of its image, to what is run.

package engine

import (
	"os"
	"path/filepath"
	"strings"

	"keyforge.dev/devcluster/container"
	"keyforge.dev/devcluster/images"
	"keyforge.dev/devcluster/users"
)

// spec puts together what a container runs: the image's command and defaults below what the pod says.
func (e *Engine) spec(p *process) (container.Spec, error) {
	image, ok := e.options.Images.Find(p.config.Image.Image)
	if !ok {
		return container.Spec{}, unknownImage(p.config.Image.Image)
	}
	user, err := users.Of(p.pod.config.Annotations, p.config.Metadata.Name, image.User)
	if err != nil {
		return container.Spec{}, err
	}
	spec := container.Spec{
		Args: arguments(p, image), Env: environment(p, image), Hostname: p.pod.config.Hostname, User: user,
		Dir: firstOf(p.config.WorkingDir, image.Dir, "/"), Hidden: e.options.Hidden,
		ReadOnlyRoot: p.config.GetLinux().GetSecurityContext().GetReadonlyRootfs(),
	}
	for _, m := range p.config.Mounts {
		spec.Mounts = append(spec.Mounts, container.Mount{From: m.HostPath, To: m.ContainerPath, ReadOnly: m.Readonly})
	}
	for _, path := range e.unseen(image) { // last: a volume at /tmp must not hide a program there
		spec.Mounts = append(spec.Mounts, container.Mount{From: path, To: path, ReadOnly: true})
	}
	return spec, nil
}

// arguments follow Kubernetes: a container's command replaces the image's, its args follow either.
func arguments(p *process, image images.Image) []string {
	command := image.Command
	if len(p.config.Command) > 0 {
		command = p.config.Command
	}
	all := append(append([]string{}, command...), p.config.Args...)
	for n := range all {
		all[n] = p.withAddress(all[n])
	}
	return all
}

func environment(p *process, image images.Image) []string {
	env := map[string]string{"PATH": os.Getenv("PATH"), "HOSTNAME": p.pod.config.Hostname, "POD_IP": p.pod.address, "HOME": "/tmp"}
	for k, v := range image.Env {
		env[k] = p.withAddress(v)
	}
	for _, e := range p.config.Envs {
		env[e.Key] = e.Value
	}
	var list []string
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	return list
}

// withAddress lets a server bind its pod's address where pods share a network.
func (p *process) withAddress(text string) string {
	return strings.ReplaceAll(text, "$POD_IP", p.pod.address)
}

// unseen are the files that an image names in places that containers do not have: /tmp and /run are fresh in them,
// and the cluster's own folder is hidden.
func (e *Engine) unseen(image images.Image) (paths []string) {
	named := append([]string{image.Dir}, image.Command...)
	for _, v := range image.Env {
		named = append(named, v)
	}
	for _, path := range named {
		for _, place := range []string{"/tmp", "/run", e.options.Hidden} {
			if strings.HasPrefix(path, place+"/") && filepath.Clean(path) == path {
				if _, err := os.Stat(path); err == nil {
					paths = append(paths, path)
				}
				break
			}
		}
	}
	return paths
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
