package main

import (
	"fmt"
	"strings"

	"github.com/larder-go/larder/driver"
)

// lookedAtKeys is how many keys are looked at, at most, to find those of others.
const lookedAtKeys = 10_000

// foreignKey finds a key of the database that does not begin with own, nil if there is none among the first.
func (a *app) foreignKey(c *client, own string) (other *string, looked int, err error) {
	b := *a
	b.allKeys, b.KeyPrefix, b.KeyVersion, b.Quiet = true, nil, nil, true
	all, err := b.open(c.whole, mustExist)
	if err != nil {
		return nil, 0, err
	}
	for key, failed := range all.keys(a.ctx, "") {
		if failed != nil {
			return nil, looked, all.close(failed)
		}
		if looked++; !strings.HasPrefix(key, own) {
			other = &key
		}
		if other != nil || looked == lookedAtKeys {
			break
		}
	}
	return other, looked, all.close(nil)
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
	other, _, err := a.foreignKey(c, a.wirePrefix(u))
	return err == nil && other != nil
}
