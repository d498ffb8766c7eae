package memcached

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// sight is what was seen of one server.
type sight struct {
	address           string
	counted, settings map[string]string
	ahead             time.Duration
}

// Advise looks at every server.
func (s *Store) Advise(ctx context.Context) ([]driver.Advice, error) {
	servers := make([]sight, len(s.nodes))
	errs := s.onAll(func(i int, n *node) error {
		return s.converseWith(ctx, n, func(session *meta.Session) (err error) {
			servers[i], err = look(session)
			servers[i].address = n.address
			return err
		})
	})
	if s.isClosed() {
		return nil, driver.ErrClosed
	}
	down, err := s.lost(errs)
	if err != nil {
		return nil, err
	}
	servers = slices.DeleteFunc(servers, func(seen sight) bool { return seen.counted == nil })
	var all []driver.Advice
	if len(s.nodes) > 1 {
		all = append(all, checkServers(len(s.nodes), causes(down, errs)))
	}
	for _, check := range []func(sight) driver.Advice{checkMemory, checkItems, checkConnections, checkCommands, checkClock} {
		all = append(all, ofAll(servers, check))
	}
	return all, nil
}

// checkServers: one that is down has keys, and nobody else answers for them.
func checkServers(n int, down string) driver.Advice {
	a := driver.Advice{Subject: "servers", Fine: down == "", Text: fmt.Sprintf("all %d answer", n)}
	if !a.Fine {
		a.Text = "the keys of servers that are down are errors: " + down
	}
	return a
}

func look(session *meta.Session) (s sight, err error) {
	if s.settings, err = session.Stats("settings"); err != nil {
		return s, err
	}
	asked := time.Now()
	if s.counted, err = session.Stats(""); err != nil {
		return s, err
	}
	s.ahead = time.Unix(s.number("time"), 0).Sub(asked.Add(time.Since(asked) / 2))
	return s, nil
}

// number is what the server counts under a name.
func (s sight) number(name string) int64 {
	n, _ := strconv.ParseInt(s.counted[name], 10, 64)
	return n
}

// ofAll is the check of the first server that is not fine, else of the first.
func ofAll(servers []sight, check func(sight) driver.Advice) driver.Advice {
	for _, s := range servers {
		if a := check(s); !a.Fine {
			if len(servers) > 1 {
				a.Text = s.address + ": " + a.Text
			}
			return a
		}
	}
	return check(servers[0])
}

// checkMemory: what a full server does, and whether it is one.
func checkMemory(s sight) driver.Advice {
	a := driver.Advice{Subject: "memory"}
	state := fmt.Sprintf("%d of %d MiB used", s.number("bytes")>>20, s.number("limit_maxbytes")>>20)
	switch evicted := s.number("evictions"); {
	case s.settings["evictions"] == "off":
		a.Text = state + ", and when that is full every write fails instead of evicting what was used least: start the server without -M"
	case evicted > 0:
		a.Text = fmt.Sprintf("%s; %d entries were evicted before their lifetime was over, and counters, locks (add) and leases go like any other: "+
			"give the server more memory (-m)", state, evicted)
	default:
		a.Fine, a.Text = true, state+", nothing was evicted"
	}
	return a
}

// usualItem is memcached's default.
const usualItem = 1 << 20

// checkItems: larger values are not stored.
func checkItems(s sight) driver.Advice {
	limit, _ := strconv.Atoi(s.settings["item_size_max"])
	a := driver.Advice{Subject: "item limit", Fine: limit >= usualItem, Text: fmt.Sprintf("values up to %d KiB (-I)", limit>>10)}
	if !a.Fine {
		a.Text = fmt.Sprintf("values above %d KiB are not stored (ErrTooLarge), their keys are deleted: memcached's default is 1 MiB (-I 1m)", limit>>10)
	}
	return a
}

// checkConnections: who comes too many waits, or is hung up on.
func checkConnections(s sight) driver.Advice {
	a := driver.Advice{Subject: "connections", Fine: true, Text: fmt.Sprintf("%d of %s", s.number("curr_connections"), s.settings["maxconns"])}
	if refused := s.number("listen_disabled_num") + s.number("rejected_connections"); refused > 0 {
		a.Fine, a.Text = false, fmt.Sprintf("%s; the limit was reached %d times, and programs waited or were refused: raise it (-c)", a.Text, refused)
	}
	return a
}

// checkCommands: a server may have been started without some.
func checkCommands(s sight) driver.Advice {
	a := driver.Advice{Subject: "commands"}
	switch {
	case s.settings["dump_enabled"] == "no":
		a.Text = "the server lists no keys: there is no keys, export and copy; start it without -X"
	case s.settings["lru_crawler"] == "no":
		a.Text = "the server has no crawler: there is no keys, export and copy; start it without -o no_lru_crawler"
	case s.settings["flush_enabled"] == "no":
		a.Text = "the server refuses flush_all: there is no clear; start it without -F"
	default:
		a.Fine, a.Text = true, "keys can be listed, and everything cleared"
	}
	return a
}

// checkClock: lifetimes above 30 days, and what other programs write, go by the server's.
func checkClock(s sight) driver.Advice {
	const slow = 3 * time.Second // its clock has whole seconds, and may be one late
	apart := s.ahead.Abs().Round(time.Second)
	a := driver.Advice{Subject: "clock", Fine: apart <= slow, Text: fmt.Sprintf("the server's differs by %v", apart)}
	if !a.Fine {
		a.Text += ": set both by a time service"
	}
	return a
}
