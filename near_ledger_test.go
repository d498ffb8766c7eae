//go:build unix

package larder_test

import (
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// ledger is memory that several processes share: for each key, when each number was acknowledged, in nanoseconds of the clock on
// the wall, which is one for all of them.
type ledger struct{ times []atomic.Int64 }

const (
	ledgerKeys  = 64
	ledgerRoom  = 1 << 13 // numbers a key
	ledgerWords = ledgerKeys * ledgerRoom
)

// shareMemory makes a file for so many numbers.
func shareMemory(t *testing.T, path string, words int64) {
	t.Helper()
	ok(t, os.WriteFile(path, nil, 0o600))
	ok(t, os.Truncate(path, 8*words))
}

// sharedMemory is such a file as memory of this process, until it ends.
func sharedMemory(path string, words int) ([]atomic.Int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	m, err := syscall.Mmap(int(f.Fd()), 0, 8*words, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*atomic.Int64)(unsafe.Pointer(&m[0])), words), nil
}

func newLedger(t *testing.T, path string) {
	t.Helper()
	shareMemory(t, path, ledgerWords)
}

func openLedger(path string) (*ledger, error) {
	times, err := sharedMemory(path, ledgerWords)
	return &ledger{times}, err
}

func (l *ledger) at(key, n int) *atomic.Int64 { return &l.times[key*ledgerRoom+n] }

// acknowledged notes that n stands now. Its writer calls it, in the order of n.
func (l *ledger) acknowledged(key, n int) {
	l.at(key, n).Store(time.Now().UnixNano())
	l.at(key, 0).Store(int64(n))
}

// last is the number that was acknowledged last.
func (l *ledger) last(key int) int { return int(l.at(key, 0).Load()) }

// when tells when n was acknowledged.
func (l *ledger) when(key, n int) (time.Time, bool) {
	if n >= ledgerRoom {
		return time.Time{}, false
	}
	ns := l.at(key, n).Load()
	return time.Unix(0, ns), ns != 0
}
