// Kubeconfigs for the certificates of an Authority.

package pki

import (
	"encoding/base64"
	"fmt"
	"os"
)

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: devcluster, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: %s, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: devcluster, context: {cluster: devcluster, user: %[3]s}}]
current-context: devcluster
`

// Kubeconfig writes a kubeconfig for a client that was issued before. Certificates are inlined, so that the file can
// be copied; it appears whole or not at all, since others wait for it.
func (a *Authority) Kubeconfig(path, client, server string) error {
	var inline [3]string
	for n, file := range []string{"ca.crt", client + ".crt", client + ".key"} {
		text, err := os.ReadFile(a.Path(file))
		if err != nil {
			return err
		}
		inline[n] = base64.StdEncoding.EncodeToString(text)
	}
	text := fmt.Sprintf(kubeconfig, server, inline[0], client, inline[1], inline[2])
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
