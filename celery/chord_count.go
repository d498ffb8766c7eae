package celery

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/larder-go/larder/driver"
)

// incrPresent adds 1 to a number that is there. That it is there and that it is changed is one step: looked
// up first and then incremented by Incr, it could expire in between and be made anew.
func (b *Backend) incrPresent(ctx context.Context, key string) (int64, error) {
	if b.engine.swap == nil {
		return 0, errors.ErrUnsupported
	}
	var lost *lostCount
	for {
		old, version, err := b.number(ctx, key)
		switch {
		case lost != nil && err != nil:
			return 0, lost
		case lost != nil && !reflect.DeepEqual(version, lost.version):
			lost.now = old
			return 0, lost
		case err != nil:
			return 0, err
		}
		sum, err := driver.AddInt(strconv.FormatInt(old, 10), 1)
		if err != nil {
			return 0, err
		}
		done, err := b.engine.swap.Swap(ctx, key, version, strconv.AppendInt(nil, sum, 10), driver.KeepTTL)
		switch {
		case done && err == nil:
			return sum, nil
		case err != nil && lost != nil: // no better than before
			return 0, lost
		case err != nil:
			lost = &lostCount{sum: sum, now: -1, version: version, cause: err}
		}
	}
}

// number is a number that is there.
func (b *Backend) number(ctx context.Context, key string) (int64, driver.Version, error) {
	raw, version, err := b.engine.swap.GetVersion(ctx, key)
	if errors.Is(err, driver.ErrCodec) {
		err = driver.ErrNotNumber
	}
	if err != nil {
		return 0, nil, err
	}
	n, err := driver.AddInt(string(raw), 0)
	return n, version, err
}

// lostCount is a count whose answer was lost. While the counter is as it was, it is tried once more: of two
// that are under way the server takes one.
type lostCount struct {
	sum, now int64 // what it was to become, and what it is; below 0: nobody knows
	version  driver.Version
	cause    error
}

func (l *lostCount) Error() string { return fmt.Sprintf("%v: %v", ErrMaybeCounted, l.cause) }

func (l *lostCount) Unwrap() []error { return []error{ErrMaybeCounted, l.cause} }
