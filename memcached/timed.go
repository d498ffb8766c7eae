package memcached

import (
	"context"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// GetTimed reads values and lifetimes in one command each, in one round trip to each server.
func (s *Store) GetTimed(ctx context.Context, keys []string) ([]driver.TimedResult, error) {
	results, room := make([]driver.TimedResult, len(keys)), newInflation(len(keys))
	err := s.eachNode(ctx, keys, func(ctx context.Context, p *part) error {
		call := p.call()
		p.getAll(call, meta.Value+meta.Flags+meta.TTL)
		if err := p.ask(ctx, call); err != nil {
			return err
		}
		for i, at := range p.at {
			r := call.Reply(i)
			value, err := room.valueOf(r)
			if results[at] = (driver.TimedResult{Value: value, Err: err}); err == nil {
				results[at].TTL = remaining(r.TTL)
			}
		}
		call.Free()
		return nil
	}, func(at int, err error) { results[at].Err = s.orMiss(err) })
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Inspect asks for lifetime and length, which does not count as a use.
func (s *Store) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	found := make([]*driver.EntryInfo, len(keys))
	errs := make([]error, len(keys))
	err := s.eachNode(ctx, keys, func(ctx context.Context, p *part) error {
		call := p.call()
		p.getAll(call, meta.TTL+meta.Size+meta.Flags+meta.NoTouch)
		if err := p.ask(ctx, call); err != nil {
			return err
		}
		for i, at := range p.at {
			found[at], errs[at] = infoOf(call.Reply(i))
		}
		call.Free()
		return nil
	}, func(at int, err error) { errs[at] = err })
	if err != nil {
		return nil, err
	}
	infos := make(map[string]driver.EntryInfo, len(keys))
	for i, key := range keys {
		if found[i] != nil {
			infos[key] = *found[i]
		}
	}
	if len(keys) == 1 {
		return infos, errs[0]
	}
	return infos, keyErrors(keys, errs)
}

func infoOf(r *meta.Reply) (*driver.EntryInfo, error) {
	switch {
	case r.Status == meta.Miss || r.Status == meta.Silent:
		return nil, nil
	case r.Status != meta.OK:
		return nil, odd(r)
	}
	info := &driver.EntryInfo{TTL: remaining(r.TTL), Size: r.Size}
	if r.Flags&flagZlib != 0 {
		info.Size = -1
	}
	return info, nil
}
