// Package faultproxy is a network that fails on command: a proxy on the loopback that a client under test connects to
// instead of its server.
//
//	p := faultproxy.New(t, "tcp", server.Addr())
//	client := dial(p.Addr())
//	p.CutAfter(10) // the 11th byte of each reply is not coming
//
// Every fault can be switched at any time, from any goroutine, and holds for the connections that are open as well as
// for later ones, unless its comment says otherwise. Bytes that a fault holds back are not lost when it ends.
package faultproxy
