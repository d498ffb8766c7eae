package sqlite

import (
	"context"
	"fmt"

	"github.com/larder-go/larder/driver"
)

// walAlarm is a write-ahead log of a size that it has only while somebody keeps it from being begun anew (docs/sqlite.md).
const walAlarm = 256 << 20

// Advise reads the whole file once, which takes a second for some hundred megabytes, and looks at its size.
func (s *Store) Advise(ctx context.Context) ([]driver.Advice, error) {
	f, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	var state any
	err = f.pool.read(ctx, func(c *conn) error {
		state, err = c.pragma(ctx, "PRAGMA quick_check(1)")
		return err
	})
	if err != nil {
		return nil, err
	}
	return []driver.Advice{judgeFile(state), s.judgeSize(), judgeLog(sizeOf(s.path + "-wal"))}, nil
}

func judgeFile(state any) driver.Advice {
	if state == "ok" {
		return driver.Advice{Subject: "integrity", Fine: true, Text: "the file is sound"}
	}
	return driver.Advice{Subject: "integrity", Text: fmt.Sprintf("the file is damaged (%v): delete it with its -wal and -shm, it is a cache", state)}
}

func (s *Store) judgeSize() driver.Advice {
	size := fmt.Sprintf("%d MB", sizeOf(s.path)>>20)
	if s.options.MaxBytes > 0 {
		return driver.Advice{Subject: "size", Fine: true, Text: fmt.Sprintf("%s, max_bytes is %d MB", size, s.options.MaxBytes>>20)}
	}
	return driver.Advice{Subject: "size", Fine: true, Text: size + "; no max_bytes: nothing is evicted"}
}

func judgeLog(size int64) driver.Advice {
	text := fmt.Sprintf("%d MB", size>>20)
	if size < walAlarm {
		return driver.Advice{Subject: "write-ahead log", Fine: true, Text: text}
	}
	return driver.Advice{Subject: "write-ahead log", Text: text + ": some process keeps a transaction open, so that it only grows; " +
		"fuser -v tells which have the file open"}
}
