package redistest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/larder-go/larder/internal/testproc"
	"github.com/larder-go/larder/internal/testtls"
)

const (
	// admin is a user with all rights that every server has, with a secret of its own: raw commands work whatever a
	// test does to the default user, and a log-in that succeeds proves that this is our server and not another
	// program that was quicker to take the port.
	admin = "redistest"

	// databases is how many a server has. They cost next to nothing, and each test takes fresh ones.
	databases = 10000
)

// Server is one server process and its directory. Its methods may be called concurrently, except that those that
// change the process (Kill, Stop, Restart, Freeze, Thaw) are for one goroutine at a time.
type Server struct {
	*testproc.Server

	kind   Kind
	opts   options
	dir    string
	port   int
	bus    int    // cluster port
	socket string // instead of port
	tls    *testtls.Files
	secret string
	lastDB atomic.Int64
}

// Start starts a server for a test, waits until it answers, and ends it when the test is over. The end of its log is
// in the log of a test that fails.
func Start(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	s, err := start(tb.TempDir(), collect(opts))
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	tb.Cleanup(func() { s.end(tb) })
	return s
}

// StartMain starts a server for all tests of a binary, from TestMain or a sync.Once. Who calls it calls stop.
func StartMain(opts ...Option) (s *Server, stop func(), err error) {
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		return nil, nil, err
	}
	s, err = start(dir, collect(opts))
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, func() { s.Kill(); s.removeSocket(); _ = os.RemoveAll(dir) }, nil
}

// FreshDB hands out a database that nobody had before, and empties it. It panics when there is none left or the
// server does not answer.
func (s *Server) FreshDB() int {
	db := int(s.lastDB.Add(1))
	if _, err := s.DB(db).Do("FLUSHDB"); err != nil {
		panic(fmt.Sprintf("redistest: database %d: %v", db, err))
	}
	return db
}

// startIn is start in a directory that does not exist yet.
func startIn(dir string, o options) (*Server, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	return start(dir, o)
}

func start(dir string, o options) (*Server, error) {
	s := &Server{kind: o.kind, opts: o, dir: dir, secret: rand.Text()}
	s.Server = testproc.NewServer(filepath.Join(dir, "server.log"))
	if err := s.prepare(); err != nil {
		return nil, err
	}
	err := s.RunSomewhere(func() error {
		if err := s.choosePorts(); err != nil {
			return err
		}
		return s.run()
	})
	if err != nil {
		s.removeSocket()
		return nil, err
	}
	return s, nil
}

// prepare makes what does not depend on the port.
func (s *Server) prepare() error {
	var err error
	if s.tls = s.opts.files; s.opts.tls && s.tls == nil {
		s.tls, err = testtls.New(s.dir)
	}
	if s.opts.socket {
		s.socket, err = shortPath()
	}
	return err
}

// shortPath returns a path for a unix socket. These have a limit of about 100 bytes, which the directory of a test
// with a long name is beyond.
func shortPath() (string, error) {
	dir, err := os.MkdirTemp("", "rt")
	return filepath.Join(dir, "s"), err
}

func (s *Server) removeSocket() {
	if s.socket != "" {
		_ = os.RemoveAll(filepath.Dir(s.socket))
	}
}

func (s *Server) choosePorts() error {
	var err error
	if s.port, err = testproc.FreePort(); err == nil && s.opts.clusterNodes {
		s.bus, err = testproc.FreePort()
	}
	if err != nil {
		return err
	}
	return s.writeConfig()
}

// run starts the process and returns when it answers.
func (s *Server) run() error {
	binary, err := s.kind.find()
	if err != nil {
		return err
	}
	args := []string{binary, s.configFile()}
	if s.opts.sentinel {
		args = append(args, "--sentinel")
	}
	err = s.Run(s.ping, args...)
	if err != nil {
		err = fmt.Errorf("%s on %s: %w", s.kind, s.Addr(), err)
	}
	return err
}

// ping asks whether the server is ours and works. While it loads its data it answers with an error, and another program
// on our port knows nothing of our user.
func (s *Server) ping() error {
	_, err := s.Do("PING")
	return err
}

// end is the clean-up.
func (s *Server) end(tb testing.TB) {
	s.Kill()
	s.removeSocket()
	s.ShowLog(tb, fmt.Sprintf("%s on %s", s.kind, s.Addr()))
}
