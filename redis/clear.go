package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Clear removes the keys that begin with prefix, each after its lease, and the leases of those that are absent.
func (s *Store) Clear(ctx context.Context, prefix string) (int, error) {
	removed := 0
	// Leases have the key in their middle.
	for names, err := range s.pages(ctx, "*"+glob(prefix)+"*") {
		if err != nil {
			return removed, err
		}
		n, err := s.DeleteMany(ctx, concerned(names, prefix))
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// concerned returns the keys that begin with prefix among names, which has keys and leases.
func concerned(names []string, prefix string) []string {
	keys := names[:0]
	for _, name := range names {
		if key, ok := leasedKey(name); ok {
			name = key
		}
		if strings.HasPrefix(name, prefix) {
			keys = append(keys, name)
		}
	}
	return keys
}

// ClearAll empties the database of every primary. Nobody counts.
func (s *Store) ClearAll(ctx context.Context) (int, error) {
	c, err := s.client(ctx)
	if err != nil {
		return 0, err
	}
	nodes, err := primaries(ctx, c)
	if err != nil {
		return 0, err
	}
	var failed []error
	for addr, node := range nodes {
		if err := node.Do(ctx, node.B().Flushdb().Async().Build()).Error(); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", addr, explain(err)))
		}
	}
	return -1, errors.Join(failed...)
}
