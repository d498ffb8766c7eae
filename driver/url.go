package driver

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// URL is an engine's address, taken apart:
//
//	scheme://user:password@host:port;host:port/path?param=value&param=value
//	scheme:path?param=value
//
// User, password, path and parameters are percent-decoded; in a parameter's value + is a space.
// Servers are separated by ; or , and keep their brackets if they are IPv6 addresses. The parser
// is our own because net/url refuses some of these forms.
type URL struct {
	Scheme      string
	User        string
	Password    string
	HasPassword bool
	Hosts       []string // each "host", "host:port" or "[::1]:port"
	Weights     []int    // of the Hosts, where one was written host:port:weight (of memcached only); else nil
	Path        string   // with its leading slash where it has one
	params      []param
}

type param struct{ name, value string }

// ParseURL takes raw apart. Its errors never contain raw, because raw may contain a password.
func ParseURL(raw string) (*URL, error) {
	scheme, rest, ok := strings.Cut(raw, ":")
	if !ok || !isScheme(scheme) {
		return nil, errors.New("malformed URL: it does not begin with a scheme such as memory: or sqlite:")
	}
	u := &URL{Scheme: strings.ToLower(scheme)}
	if i := strings.IndexFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return nil, u.malformed("control character at byte %d; write it as %%%02X", i, raw[i])
	}
	// redis:://user:password@host would be a path, and a path is printed.
	if after := strings.TrimLeft(rest, ":"); after != rest && strings.HasPrefix(after, "//") {
		return nil, u.malformed("more than one colon before //")
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	if strings.Contains(rest, "#") || strings.Contains(query, "#") {
		return nil, u.malformed("write # as %%23")
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		authority, path := after, ""
		if i := strings.IndexByte(after, '/'); i >= 0 {
			authority, path = after[:i], after[i:]
		}
		if err := u.setAuthority(authority); err != nil {
			return nil, err
		}
		rest = path
	}
	var err error
	if u.Path, err = unescape(rest, false); err != nil {
		return nil, u.malformed("path: %v", err)
	}
	if hasQuery {
		if err := u.setParams(query); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *URL) malformed(format string, args ...any) error {
	return fmt.Errorf("malformed URL %s:…: %s", u.Scheme, fmt.Sprintf(format, args...))
}

// isScheme is RFC 3986, section 3.1.
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if !('a' <= c && c <= 'z') && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(s[i]))) {
			return false
		}
	}
	return s != ""
}

func (u *URL) setAuthority(authority string) error {
	hosts := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		if i == 0 {
			return u.malformed("there is no user before the @")
		}
		user, password, hasPassword := strings.Cut(authority[:i], ":")
		var err, err2 error
		u.User, err = unescape(user, false)
		u.Password, err2 = unescape(password, false)
		if err != nil || err2 != nil {
			return u.malformed("user or password: a %% that is not followed by two hexadecimal digits; write %% as %%25")
		}
		u.HasPassword = hasPassword
		hosts = authority[i+1:]
	}
	if hosts == "" {
		return nil
	}
	for h := range strings.SplitSeq(strings.ReplaceAll(hosts, ",", ";"), ";") {
		// What stands here may be a piece of a password with an unescaped slash: it is not printed.
		h, err := u.takeWeight(h)
		if err == nil {
			err = checkHost(h)
		}
		if err != nil {
			return u.malformed("server %d: %v", len(u.Hosts)+1, err)
		}
		u.Hosts = append(u.Hosts, h)
	}
	return nil
}

// takeWeight cuts off the weight behind a port, as Python's clients of memcached write it. A server without one has 1.
func (u *URL) takeWeight(h string) (string, error) {
	weight := 1
	behind := h[strings.LastIndexByte(h, ']')+1:]
	weighted := slices.Contains(homes["memcached"], u.Scheme) && strings.Count(behind, ":") == 2
	if weighted {
		i := strings.LastIndexByte(h, ':')
		n, err := strconv.ParseUint(h[i+1:], 10, 31)
		if err != nil || n == 0 {
			return "", errors.New("the weight behind the port is not a whole number above 0")
		}
		h, weight = h[:i], int(n)
	}
	switch {
	case u.Weights != nil:
		u.Weights = append(u.Weights, weight)
	case weighted:
		u.Weights = append(slices.Repeat([]int{1}, len(u.Hosts)), weight)
	}
	return h, nil
}

func checkHost(h string) error {
	host, port := h, ""
	if strings.HasPrefix(h, "[") {
		end := strings.IndexByte(h, ']')
		if end < 0 || end == 1 {
			return errors.New("an IPv6 address is written [::1]")
		}
		host, port = h[1:end], h[end+1:]
		if port != "" && port[0] != ':' {
			return errors.New("after the ] of an IPv6 address comes a :port or nothing")
		}
		if strings.Trim(host, "0123456789abcdefABCDEF:.") != "" && !strings.Contains(host, "%") {
			return errors.New("not an IPv6 address between [ and ]")
		}
	} else if i := strings.IndexByte(h, ':'); i >= 0 {
		host, port = h[:i], h[i:]
	}
	if host == "" || strings.ContainsAny(host, " []\\\"") {
		return errors.New("not a host name or address")
	}
	if port != "" {
		n, err := strconv.ParseUint(port[1:], 10, 16)
		if err != nil || n == 0 {
			return errors.New("the port is not a number from 1 to 65535 (in a password, write : / @ as %3A %2F %40)")
		}
	}
	return nil
}

func (u *URL) setParams(query string) error {
	if strings.Contains(query, "@") {
		return u.malformed("an @ behind the ?: in a password, write ? as %%3F; in a parameter, write @ as %%40")
	}
	for p := range strings.SplitSeq(query, "&") {
		if p == "" && query == "" {
			break
		}
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return u.malformed("parameter %d is not name=value", len(u.params)+1)
		}
		name, err := unescape(name, true)
		if err != nil {
			return u.malformed("parameter %d: %v", len(u.params)+1, err)
		}
		if value, err = unescape(value, true); err != nil {
			return u.malformed("parameter %s: %v", name, err)
		}
		if _, twice := u.Param(name); twice {
			return u.malformed("parameter %s is given twice", name)
		}
		u.params = append(u.params, param{name, value})
	}
	return nil
}

func unescape(s string, plusIsSpace bool) (string, error) {
	if !strings.ContainsAny(s, "%+") {
		return s, nil
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+' && plusIsSpace:
			out = append(out, ' ')
		case s[i] == '%':
			if i+2 >= len(s) {
				return "", errors.New("a % that is not followed by two hexadecimal digits")
			}
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", errors.New("a % that is not followed by two hexadecimal digits")
			}
			out = append(out, byte(n))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out), nil
}
