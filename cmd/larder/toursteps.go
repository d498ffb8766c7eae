package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/larder-go/larder"
)

// step is a call as a Go program has it, and what does it.
type step struct {
	call string
	run  func(ctx context.Context) (string, error)
}

// results writes what a call has returned, the error last.
func results(values ...any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case user:
			texts[i] = fmt.Sprintf("{%s %d}", v.Name, v.Age)
		case map[string]user:
			texts[i] = usersText(v)
		case string:
			texts[i] = fmt.Sprintf("%q", v)
		case error, nil:
			texts[i] = fmt.Sprint(v)
		default:
			texts[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(texts, ", ")
}

func usersText(users map[string]user) string {
	var b strings.Builder
	for i, key := range slices.Sorted(maps.Keys(users)) {
		if i > 0 {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, "%s:{%s %d}", key, users[key].Name, users[key].Age)
	}
	return "map[" + b.String() + "]"
}

// steps are the verbs in the order in which they make sense.
func (t *tour) steps() []step {
	return slices.Concat(t.connectionSteps(), t.entrySteps(), t.lifetimeSteps(), t.batchSteps(), t.countSteps(), t.lastSteps())
}

func (t *tour) connectionSteps() []step {
	return []step{
		{`cache.URI()`, func(context.Context) (string, error) { return t.cache.URI(), nil }},
		{`cache.Ping(ctx)`, func(ctx context.Context) (string, error) {
			s, err := t.cache.Ping(ctx)
			return fmt.Sprintf("%s %s, round trip %v", s.Engine, s.Version, s.RoundTrip.Round(time.Microsecond)), err
		}},
	}
}

func (t *tour) entrySteps() []step {
	users, ada := t.users, user{"Ada", 36}
	return []step{
		{`users.Get(ctx, "ada")`, func(ctx context.Context) (string, error) {
			u, err := users.Get(ctx, "ada")
			return results(u, err), err
		}},
		{`users.GetOr(ctx, "ada", User{"nobody", 0})`, func(ctx context.Context) (string, error) {
			u, err := users.GetOr(ctx, "ada", user{"nobody", 0})
			return results(u, err), err
		}},
		{`users.Set(ctx, "ada", User{"Ada", 36}, larder.TTL(time.Minute))`, func(ctx context.Context) (string, error) {
			err := users.Set(ctx, "ada", ada, larder.TTL(time.Minute))
			return results(err), err
		}},
		{`users.Get(ctx, "ada")`, func(ctx context.Context) (string, error) {
			u, err := users.Get(ctx, "ada")
			return results(u, err), err
		}},
		{`users.Add(ctx, "ada", User{"Eve", 20})`, func(ctx context.Context) (string, error) {
			added, err := users.Add(ctx, "ada", user{"Eve", 20})
			return results(added, err), err
		}},
		{`users.GetOrSet(ctx, "bob", loadBob)`, func(ctx context.Context) (string, error) {
			u, err := users.GetOrSet(ctx, "bob", larder.Value(user{"Bob", 41}))
			return results(u, err), err
		}},
		{`users.Has(ctx, "bob")`, func(ctx context.Context) (string, error) {
			ok, err := users.Has(ctx, "bob")
			return results(ok, err), err
		}},
	}
}

func (t *tour) lifetimeSteps() []step {
	users := t.users
	ttl := func(ctx context.Context) (string, error) {
		d, expires, err := users.TTL(ctx, "ada")
		return results(d.Round(time.Millisecond), expires, err), err
	}
	return []step{
		{`users.TTL(ctx, "ada")`, ttl},
		{`users.Touch(ctx, "ada", larder.TTL(time.Hour))`, func(ctx context.Context) (string, error) {
			ok, err := users.Touch(ctx, "ada", larder.TTL(time.Hour))
			return results(ok, err), err
		}},
		{`users.TTL(ctx, "ada")`, ttl},
	}
}

func (t *tour) batchSteps() []step {
	users := t.users
	return []step{
		{`users.SetMany(ctx, map[string]User{"cy": {"Cy", 7}, "di": {"Di", 8}})`, func(ctx context.Context) (string, error) {
			err := users.SetMany(ctx, map[string]user{"cy": {"Cy", 7}, "di": {"Di", 8}})
			return results(err), err
		}},
		{`users.GetMany(ctx, []string{"ada", "cy", "zoe"})`, func(ctx context.Context) (string, error) {
			found, err := users.GetMany(ctx, []string{"ada", "cy", "zoe"})
			return results(found, err), err
		}},
		{`users.GetOrSetMany(ctx, []string{"cy", "zoe"}, loadMissing)`, func(ctx context.Context) (string, error) {
			all, err := users.GetOrSetMany(ctx, []string{"cy", "zoe"}, func(_ context.Context, missing []string) (map[string]user, error) {
				loaded := map[string]user{}
				for _, key := range missing {
					loaded[key] = user{"loaded " + key, 1}
				}
				return loaded, nil
			})
			return results(all, err), err
		}},
		{`users.Delete(ctx, "bob")`, func(ctx context.Context) (string, error) {
			was, err := users.Delete(ctx, "bob")
			return results(was, err), err
		}},
		{`users.DeleteMany(ctx, []string{"cy", "bob"})`, func(ctx context.Context) (string, error) {
			n, err := users.DeleteMany(ctx, []string{"cy", "bob"})
			return results(n, err), err
		}},
	}
}

func (t *tour) countSteps() []step {
	c, key := t.cache, t.prefix+"visits"
	return []step{
		{`cache.Incr(ctx, "visits", 5)`, func(ctx context.Context) (string, error) {
			n, err := c.Incr(ctx, key, 5)
			return results(n, err), err
		}},
		{`cache.Decr(ctx, "visits", 2)`, func(ctx context.Context) (string, error) {
			n, err := c.Decr(ctx, key, 2)
			return results(n, err), err
		}},
		{`cache.IncrFloat(ctx, "visits", 0.25)`, func(ctx context.Context) (string, error) {
			f, err := c.IncrFloat(ctx, key, 0.25)
			return results(f, err), err
		}},
		{`cache.DecrFloat(ctx, "visits", 0.25)`, func(ctx context.Context) (string, error) {
			f, err := c.DecrFloat(ctx, key, 0.25)
			return results(f, err), err
		}},
	}
}

func (t *tour) lastSteps() []step {
	return []step{
		{`users.Keys(ctx)`, func(ctx context.Context) (string, error) {
			var keys []string
			for key, err := range t.users.Keys(ctx) {
				if err != nil {
					return "", err
				}
				keys = append(keys, key)
			}
			slices.Sort(keys)
			return strings.Join(keys, " "), nil
		}},
		{`users.Clear(ctx)`, func(ctx context.Context) (string, error) {
			n, err := t.users.Clear(ctx)
			return results(n, err), err
		}},
		{`cache.Stats()`, func(context.Context) (string, error) {
			s := t.cache.Stats()
			return fmt.Sprintf("hits %d, misses %d, sets %d, loads %d, errors %d", s.Hits, s.Misses, s.Sets, s.Loads, s.Errors), nil
		}},
	}
}
