package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

// lookAtURL judges what a URL says, and what it does not, of an engine that is reached over a network.
func (a *app) lookAtURL(u *driver.URL) []larder.Advice {
	engine, err := driver.Lookup(u.Scheme)
	if err != nil || engine.Name != "redis" && engine.Name != "memcached" {
		return nil
	}
	return []larder.Advice{judgeTimeout(u), a.judgeEncryption(u)}
}

func judgeTimeout(u *driver.URL) larder.Advice {
	const subject = "time-outs"
	if d, err := u.Duration("timeout", 0); err == nil && d > 0 {
		return healthy(subject, fmt.Sprintf("timeout=%v for each call", d))
	}
	return ailing(subject, "the URL has no timeout: a frozen server holds up each call of a program until its context ends; add timeout=500ms, "+
		"unless it is the result_backend of Celery, which has none")
}

func (a *app) judgeEncryption(u *driver.URL) larder.Advice {
	const subject = "encryption"
	protocol, kind, _ := strings.Cut(u.Scheme, "+")
	switch {
	case kind == "tls", strings.HasSuffix(protocol, "s") && protocol != "redis":
		return judgeTLS(u)
	case kind == "unix":
		return healthy(subject, "a unix socket")
	}
	secure := strings.Replace(u.Scheme, protocol, protocol+"s", 1) + "://"
	if !strings.HasPrefix(protocol, "redis") && !strings.HasPrefix(protocol, "valkey") {
		secure = "memcached+tls://"
	}
	guarded := passwords(u)
	for _, host := range u.Hosts {
		reach := a.reachOf(host)
		switch {
		case reach == public:
			return ailing(subject, fmt.Sprintf("%s is a public address, and nothing is encrypted: use %s", host, secure))
		case reach == private && guarded:
			return ailing(subject, fmt.Sprintf("the password goes to %s as it is, for everybody on that network to read: use %s", host, secure))
		}
	}
	return healthy(subject, "none, on a network of one's own")
}

// judgeTLS is for an engine that is reached over TLS.
func judgeTLS(u *driver.URL) larder.Advice {
	const subject = "encryption"
	if word, _ := u.Param("tls_verify"); word != "off" {
		return healthy(subject, "TLS")
	}
	sent := "all values"
	if passwords(u) {
		sent = "the password and all values"
	}
	return ailing(subject, fmt.Sprintf("tls_verify=off: whoever answers is believed to be the server, and is sent %s: "+
		"use tls_ca= with the file of the certificate that the server's is signed by", sent))
}

func passwords(u *driver.URL) bool {
	_, guards := u.Param("sentinel_password")
	return u.Password != "" || guards
}

// reach is who else can be on the way to an address.
type reach int

const (
	local   reach = iota // nobody
	private              // who is on the same network
	public
)

// reachOf resolves names. One that does not resolve is for the connection to complain of.
func (a *app) reachOf(host string) reach {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	ctx, cancel := context.WithTimeout(a.ctx, defaultTimeout)
	defer cancel()
	addrs, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", strings.Trim(name, "[]"))
	return widestReach(addrs)
}

// widestReach is that of a name with several addresses: nobody knows which one is taken.
func widestReach(addrs []netip.Addr) reach {
	widest := local
	for _, addr := range addrs {
		widest = max(widest, reachOfAddr(addr.Unmap()))
	}
	return widest
}

func reachOfAddr(addr netip.Addr) reach {
	switch {
	case addr.IsLoopback(), addr.IsUnspecified():
		return local
	case addr.IsPrivate(), addr.IsLinkLocalUnicast(): // RFC 1918 and 4193
		return private
	}
	return public
}
