package driver

import (
	"strings"
)

// Mask stands where a password was.
const Mask = "***"

// secretParams are parameters whose values are passwords.
var secretParams = map[string]bool{"password": true, "sentinel_password": true}

// String returns the URL with every password replaced by [Mask]. It is safe to print, and for a URL
// without a password it parses back to the same URL.
func (u *URL) String() string {
	var b strings.Builder
	b.WriteString(u.Scheme)
	b.WriteByte(':')
	if len(u.Hosts) > 0 || u.User != "" || u.HasPassword || strings.HasPrefix(u.Path, "/") || u.Path == "" {
		b.WriteString("//")
	}
	if u.User != "" || u.HasPassword {
		b.WriteString(escape(u.User, ""))
		if u.HasPassword {
			b.WriteString(":" + Mask)
		}
		b.WriteByte('@')
	}
	b.WriteString(strings.Join(u.Hosts, ";"))
	b.WriteString(escape(u.Path, "/:"))
	for i, p := range u.params {
		if secretParams[p.name] {
			p.value = Mask
		}
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(escape(p.name, "") + "=" + strings.ReplaceAll(escape(p.value, "/:"), "%20", "+"))
	}
	return b.String()
}

func escape(s, keep string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~*", c) >= 0,
			strings.IndexByte(keep, c) >= 0:
			b.WriteByte(c)
		default:
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
