// Package images reads the images file: what the name of a container image stands for on this machine. It is
// separate from the runtime that uses it because it is pure and `devcluster up` checks the file before anything starts.
package images

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
)

// Image is the local command behind an image reference.
type Image struct {
	// Pattern is a regular expression over the whole image reference.
	Pattern string `json:"image"`
	// Command is the entrypoint; a container's own `command` replaces it and its `args` follow it.
	Command []string `json:"command"`
	// Env are defaults below the container's own variables.
	Env map[string]string `json:"env,omitempty"`
	// Dir is the working folder; `/` if empty.
	Dir string `json:"dir,omitempty"`
	// User is the number of the user that the container runs as when its pod does not say.
	User int64 `json:"user,omitempty"`

	expression *regexp.Regexp
}

// Images is a list in which the first match wins.
type Images []Image

// Load reads an images file; no path means no images.
func Load(path string) (Images, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("images file: %w", err)
	}
	list, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("images file %s: %w", path, err)
	}
	return list, nil
}

// Parse checks a list of images and compiles its expressions.
func Parse(text []byte) (Images, error) {
	var list Images
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("not a list of {image, command, env, dir, user}: %w", err)
	}
	for n := range list {
		i := &list[n]
		if i.Pattern == "" {
			return nil, fmt.Errorf("entry %d has no `image`", n+1)
		}
		if len(i.Command) == 0 {
			return nil, fmt.Errorf("entry %d (`%s`) has no `command`", n+1, i.Pattern)
		}
		var err error
		if i.expression, err = regexp.Compile("^(?:" + i.Pattern + ")$"); err != nil {
			return nil, fmt.Errorf("entry %d: `%s` is not a regular expression: %w", n+1, i.Pattern, err)
		}
	}
	return list, nil
}

// Find returns the first image whose pattern matches the whole reference.
func (list Images) Find(reference string) (Image, bool) {
	for _, i := range list {
		if i.expression.MatchString(reference) {
			return i, true
		}
	}
	return Image{}, false
}
