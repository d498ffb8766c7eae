package main

import (
	"fmt"
	"strings"

	"github.com/larder-go/larder/driver"
)

// lookedAtKeys is how many keys are looked at, at most, to find those of others.
const lookedAtKeys = 10_000

// foreign is what a database has beside the keys of one program.
type foreign struct {
	other  *string // a key of another program; nil: none
	celery *string // a key of Celery's results; nil: none was seen
	looked int     // how many keys were looked at
}

// foreignKeys looks for keys that do not begin with own among the first of the database.
func (a *app) foreignKeys(c *client, own string) (found foreign, err error) {
	b := *a
	b.allKeys, b.KeyPrefix, b.KeyVersion, b.Quiet = true, nil, nil, true
	all, err := b.open(c.whole, mustExist)
	if err != nil {
		return found, err
	}
	for key, failed := range all.keys(a.ctx, "") {
		if failed != nil {
			return found, all.close(failed)
		}
		found.looked++
		switch {
		case strings.HasPrefix(key, own):
		case isResult(key):
			found.celery = &key
		default:
			found.other = &key
		}
		if found.other != nil || found.looked == lookedAtKeys {
			break
		}
	}
	return found, all.close(nil)
}

// noteOthers tells of the keys that a command has not found because they have another key prefix or version.
func (a *app) noteOthers(c *client) {
	if a.Quiet || a.allKeys {
		return
	}
	if empty, err := c.isEmpty(a.ctx); err != nil || !empty {
		return
	}
	n := c.count(a.ctx)
	if n == 0 || !a.hasOthers(c) {
		return
	}
	if n == 1 {
		a.tell("no keys under this key prefix and version, 1 other is there: keys --all shows it")
		return
	}
	a.tell(fmt.Sprintf("no keys under this key prefix and version, %d others are there: keys --all shows them", n))
}

// hasOthers makes sure of what a server counts: its number has leases in it, and what has expired.
func (a *app) hasOthers(c *client) bool {
	u, err := driver.ParseURL(c.whole)
	if err != nil {
		return false
	}
	found, err := a.foreignKeys(c, a.wirePrefix(u))
	return err == nil && (found.other != nil || found.celery != nil)
}
