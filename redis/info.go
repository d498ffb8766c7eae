package redis

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// Ping makes a round trip and tells what it leads to.
func (s *Store) Ping(ctx context.Context) (driver.Server, error) {
	c, err := s.link.client(ctx)
	if err != nil {
		return driver.Server{}, err
	}
	if err := c.client.Do(ctx, c.client.B().Ping().Build()).Error(); err != nil {
		return driver.Server{}, explain(err)
	}
	return driver.Server{Version: "Redis"}, nil
}

// Report tells what the servers tell of themselves.
func (s *Store) Report(ctx context.Context) ([]driver.Fact, error) {
	c, err := s.link.client(ctx)
	if err != nil {
		return nil, err
	}
	n, err := c.client.Do(ctx, c.client.B().Dbsize().Build()).ToInt64()
	if err != nil {
		return nil, explain(err)
	}
	return []driver.Fact{{Name: "entries", Value: n}}, nil
}

// infoField returns one line of what INFO tells.
func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

var _ = strconv.Itoa
var _ rueidis.Client
