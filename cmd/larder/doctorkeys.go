package main

import (
	"fmt"
	"strings"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

// lookForOthers tells whether other programs use the database.
func (d *doctor) lookForOthers(c *client, u *driver.URL) ([]larder.Advice, error) {
	const subject = "shared database"
	engine, err := driver.Lookup(c.scheme)
	own := d.wirePrefix(u)
	if err != nil || engine.Name == "memory" || engine.Name == "dummy" {
		return nil, nil
	}
	if own == "" {
		return []larder.Advice{healthy(subject, "layout=bare: every key of the database is taken for this cache's own")}, nil
	}
	found, err := d.foreignKeys(c, own)
	if err != nil {
		return []larder.Advice{ailing(subject, fmt.Sprintf("not known: %v", err))}, nil
	}
	return []larder.Advice{judgeOthers(subject, strings.HasPrefix(own, ":"), found)}, nil
}

func judgeOthers(subject string, unnamed bool, found foreign) larder.Advice {
	switch other := found.other; {
	case other == nil && found.celery != nil: // which no key of a cache can be mistaken for
		return healthy(subject, fmt.Sprintf("Celery's results are in it, such as %s: larder results looks at them; clear --yes would remove them", shortKey(*found.celery)))
	case other == nil && unnamed:
		return healthy(subject, fmt.Sprintf("the URL has no key_prefix; none of %d keys is another program's", found.looked))
	case other == nil:
		return healthy(subject, fmt.Sprintf("none of %d keys is another program's", found.looked))
	case unnamed:
		return ailing(subject, fmt.Sprintf("the database has keys of others, such as %s, and the URL has no key_prefix, so that two programs "+
			"may mean the same key: add key_prefix=shop (what is stored without it is not found then)", shortKey(*other)))
	}
	return healthy(subject, fmt.Sprintf("others use it too, for keys such as %s: clear --yes would remove theirs", shortKey(*found.other)))
}

// shortKey is enough of a key to recognize it.
func shortKey(key string) string {
	if len(key) > 60 {
		key = key[:60] + "…"
	}
	return `"` + escapeKey(key) + `"`
}
