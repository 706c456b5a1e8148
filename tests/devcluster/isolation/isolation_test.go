// The advice, settings in and words out. Probe itself is tested in suite, on a machine that forbids.

package isolation

import (
	"testing"
	"testing/fstest"
)

func TestAdviceNamesTheSettingThatForbids(t *testing.T) {
	const fake = "; or choose `--runtime fake`, in which nothing runs in pods"
	for _, c := range []struct {
		setting, value string
		root           bool
		want           string
	}{
		{"user/max_user_namespaces", "0", true, "`sysctl user.max_user_namespaces=10000`"},
		{"kernel/unprivileged_userns_clone", "0", false, "`sysctl kernel.unprivileged_userns_clone=1`, or run as root"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", false, "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or run as root"},
		{"kernel/apparmor_restrict_unprivileged_userns", "0", false, "allow them in the container's security profile (seccomp, AppArmor), or run as root"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", true, "allow them in the container's security profile (seccomp, AppArmor)"},
	} {
		got := advice(fstest.MapFS{c.setting: {Data: []byte(c.value + "\n")}}, c.root)
		if got != c.want+fake {
			t.Errorf("%s=%s, root %v\n got: %s\nwant: %s", c.setting, c.value, c.root, got, c.want+fake)
		}
	}
}
