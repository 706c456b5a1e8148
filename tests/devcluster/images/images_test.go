// The images file, text in and match or message out.

package images

import "testing"

func TestFirstMatchInFileOrderWins(t *testing.T) {
	list, err := Parse([]byte(`[
		{"image": "vaultwarden/server:1\\.37.*", "command": ["/bin/new"], "user": 1000},
		{"image": "vaultwarden/.*", "command": ["/bin/old"]}
	]`))
	if err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]string{
		"vaultwarden/server:1.37.2":           "/bin/new",
		"vaultwarden/server:1.36.0":           "/bin/old",
		"docker.io/vaultwarden/server:1.37.2": "",
	} {
		got := ""
		if i, ok := list.Find(reference); ok {
			got = i.Command[0]
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", reference, got, want)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		`[{"image": "a("}]`:                               "entry 1 (`a(`) has no `command`",
		`[{"image": "a(", "command": ["x"]}]`:             "entry 1: `a(` is not a regular expression: error parsing regexp: missing closing ): `^(?:a()$`",
		`[{"command": ["x"]}]`:                            "entry 1 has no `image`",
		`{"a": {"command": ["x"]}}`:                       "not a list of {image, command, env, dir, user}: json: cannot unmarshal object into Go value of type images.Images",
		`[{"image": "a", "command": ["x"], "user2": 10}]`: "not a list of {image, command, env, dir, user}: json: unknown field \"user2\"",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s\n got: %v\nwant: %s", text, err, want)
		}
	}
}
