package larder_test

import (
	"testing"

	"github.com/larder-go/larder"

	_ "github.com/larder-go/larder/memcached"
)

// nobody is where no server listens.
var nobody = []string{"redis://127.0.0.1:1", "redis+cluster://127.0.0.1:1", "memcached://127.0.0.1:1;127.0.0.1:2/", "memcached+unix:///nowhere/m.sock"}

// TestLazyOpensWithoutAServer: a program starts while its cache is down, if its URL says so.
func TestLazyOpensWithoutAServer(t *testing.T) {
	for _, url := range nobody {
		if c, err := larder.Open(t.Context(), url, quiet()); err == nil {
			t.Errorf("%s opens", url)
			_ = c.Close()
		}
		v := larder.Of[int](openCache(t, url+"?lazy=true", quiet()), "")
		said(t, url+": GetOrSet", 5)(v.GetOrSet(t.Context(), "k", larder.Value(5)))
		if _, err := v.Get(t.Context(), "k"); err == nil {
			t.Errorf("%s: Get has an answer", url)
		}
	}
}
