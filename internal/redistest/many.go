package redistest

import (
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/larder-go/larder/internal/testtls"
)

// startMany starts servers side by side, each in a directory of its own, with one CA.
func startMany(tb testing.TB, n int, o options) []*Server {
	tb.Helper()
	dir := tb.TempDir()
	if o.tls && o.files == nil {
		var err error
		if o.files, err = testtls.New(dir); err != nil {
			tb.Fatalf("redistest: %v", err)
		}
	}
	servers, errs := make([]*Server, n), make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { servers[i], errs[i] = startIn(filepath.Join(dir, strconv.Itoa(i)), o) })
	}
	all.Wait()
	endAll(tb, servers)
	if err := errors.Join(errs...); err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	return servers
}

func endAll(tb testing.TB, servers []*Server) {
	for _, s := range servers {
		if s != nil {
			tb.Cleanup(func() { s.end(tb) })
		}
	}
}

func addrs(servers []*Server) []string {
	list := make([]string, len(servers))
	for i, s := range servers {
		list[i] = s.Addr()
	}
	return list
}

func find(servers []*Server, addr string) *Server {
	for _, s := range servers {
		if s.Addr() == addr {
			return s
		}
	}
	return nil
}

func running(servers []*Server) []*Server {
	var live []*Server
	for _, s := range servers {
		if s.Running() {
			live = append(live, s)
		}
	}
	return live
}
