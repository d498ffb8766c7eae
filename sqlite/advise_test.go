package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/larder-go/larder/driver"
)

func TestAdvise(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "c.db"), Options{MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, err := s.Advise(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	for _, a := range all {
		if !a.Fine {
			t.Errorf("%+v", a)
		}
	}
	if !strings.Contains(all[1].Text, "max_bytes is 64 MB") {
		t.Errorf("%+v", all[1])
	}
}

func TestAdviseWarns(t *testing.T) {
	for _, a := range []driver.Advice{judgeFile("*** in database main ***"), judgeLog(1 << 30)} {
		if a.Fine {
			t.Errorf("%+v", a)
		}
	}
}
