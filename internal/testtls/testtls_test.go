package testtls

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
)

// TestFiles: a server and a client that both ask for a certificate trust each other, and nobody else.
func TestFiles(t *testing.T) {
	files, strangers := newFiles(t), newFiles(t)
	l := listen(t, files)
	if err := talk(l.Addr().String(), files.Config()); err != nil {
		t.Error(err)
	}
	if err := talk(l.Addr().String(), strangers.Config()); err == nil {
		t.Error("another CA's server is trusted")
	}
	forged := strangers.Config()
	forged.RootCAs = files.Config().RootCAs
	if err := talk(l.Addr().String(), forged); err == nil {
		t.Error("another CA's client is trusted")
	}
	if files, err := New(t.TempDir() + "/nowhere"); err == nil {
		t.Errorf("%+v", files)
	}
}

func newFiles(t *testing.T) *Files {
	t.Helper()
	files, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// listen answers each client who shows a certificate of the CA.
func listen(t *testing.T, files *Files) net.Listener {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(files.ServerCert, files.ServerKey)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: files.Config().RootCAs, ClientAuth: tls.RequireAndVerifyClientCert}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "ok")
			_ = conn.Close()
		}
	}()
	return l
}

func talk(addr string, config *tls.Config) error {
	conn, err := tls.Dial("tcp", addr, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = io.ReadFull(conn, make([]byte, 2))
	return err
}
