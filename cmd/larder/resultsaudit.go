package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/celery"
)

type resultsAuditCmd struct {
	FixTTL     lifetime `name:"fix-ttl" placeholder:"T" help:"Give everything that has no lifetime this one: 24h."`
	StuckAfter span     `placeholder:"T" help:"For how long no part of a chord was reported before it counts as stuck. Default: 1h; 10m on Redis if it is not stored how many there are."`
}

func (resultsAuditCmd) Help() string {
	return `Walks over all results, groups and chords, and prints a line for each thing that is not as it should be: what it is, the key, and a text.

    no-ttl       it has no lifetime, and stays until it is deleted; --fix-ttl gives it one, and changes nothing else
    unreadable   it cannot be read: whoever waits for it fails, and a Python worker cannot replace it; forget deletes it
    stuck-chord  a chord whose body will not be started: too few parts are done and none was for some time, or what counts them is gone

How long a chord was left alone its lifetime tells, if results live as long as result_expires in --config says, or else a day. A saved
group without a counter may be a chord on Memcached that has lost it, or no chord: the text says so.

Exit status: 0 if nothing is found, 1 if something is, repaired or not. With --json each line is an object with the members kind, id, key, text
and repaired. On a terminal a bar shows how far it is.

Examples:

    larder results audit --url redis://localhost/1
    larder results audit --fix-ttl 24h --config celery.yaml`
}

// Run is called by kong.
func (cmd resultsAuditCmd) Run(a *app, results *resultsCmd) error {
	o := celery.AuditOptions{FixTTL: cmd.FixTTL.d, StuckAfter: time.Duration(cmd.StuckAfter)}
	if cmd.FixTTL.kind == never {
		return fmt.Errorf("results audit: --fix-ttl never would repair nothing")
	}
	return results.use(a, "audit", func(r *celery.Results) error {
		var seen atomic.Int64
		bar := a.startProgress("audit", 0, seen.Load)
		o.Timeout, o.Seen = a.timeout, func(n int) { seen.Add(int64(n)); bar.add(n) }
		var out io.Writer = a.out
		if bar != nil && a.outTTY {
			out = bar.all // which keeps lines and bar apart
		}
		found, err := a.printFindings(out, r, o)
		bar.end(err == nil)
		switch {
		case err != nil:
			return err
		case !a.JSON:
			fmt.Fprintf(a.out, "looked at: %d, %s\n", seen.Load(), found)
		}
		return no(found.n == 0)
	})
}

// tally counts findings.
type tally struct{ n, repaired int }

func (t tally) String() string {
	switch {
	case t.n == 0:
		return "all is well"
	case t.repaired > 0:
		return fmt.Sprintf("findings: %d, repaired: %d", t.n, t.repaired)
	}
	return fmt.Sprintf("findings: %d", t.n)
}

func (a *app) printFindings(out io.Writer, r *celery.Results, o celery.AuditOptions) (found tally, err error) {
	for f, err := range r.Audit(a.ctx, o) {
		if err != nil {
			return found, err
		}
		found.n++
		text := oneLine(f.Text)
		if f.Repaired {
			found.repaired++
			text = "repaired"
		}
		line := fmt.Sprintf("%-11s  %s  %s", f.Kind, escapeKey(f.Key), text)
		if a.JSON {
			line = findingObject(f)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return found, err
		}
	}
	return found, nil
}

func findingObject(f celery.Finding) string {
	idName, id := idMember("id", f.ID)
	keyName, key := keyMember(f.Key)
	return string(object("kind", string(f.Kind), idName, id, keyName, key, "text", oneLine(f.Text), "repaired", f.Repaired))
}
