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

Exit status: 0 if nothing is found, 1 if something is, repaired or not. The sum counts entries, without those that are as they should be after the repair. With
--json each line is an object with the members kind, id, key, text and repaired; an entry with which two things are the matter has two. On a terminal a bar shows how far it is.

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

// tally counts the entries with which something is the matter: all, those of which something is left, and
// those that were given a lifetime.
type tally struct{ n, left, repaired int }

func (t tally) String() string {
	switch {
	case t.n == 0:
		return "all is well"
	case t.repaired > 0:
		return fmt.Sprintf("findings: %d, repaired: %d", t.left, t.repaired)
	}
	return fmt.Sprintf("findings: %d", t.left)
}

// findings prints what an audit finds: a line for each entry, or an object for each finding.
type findings struct {
	tally
	out  io.Writer
	json bool
	// lasting is an entry without a lifetime. It may be unreadable too, which is found next.
	lasting *celery.Finding
}

func (a *app) printFindings(out io.Writer, r *celery.Results, o celery.AuditOptions) (tally, error) {
	p := &findings{out: out, json: a.JSON}
	for f, err := range r.Audit(a.ctx, o) {
		if err == nil {
			err = p.hear(f)
		}
		if err != nil {
			_ = p.flush() // why it ends is what counts
			return p.tally, err
		}
	}
	err := p.flush()
	return p.tally, err
}

// hear prints a finding, or keeps it until it is known what else is the matter with the entry.
func (p *findings) hear(f celery.Finding) error {
	if p.json {
		p.n++
		return p.line(findingObject(f))
	}
	if p.lasting != nil && p.lasting.Key == f.Key {
		f.Text += "; " + lifetimeText(*p.lasting)
		p.count(true, p.lasting.Repaired)
		p.lasting = nil
		return p.row(f)
	}
	if err := p.flush(); err != nil {
		return err
	}
	if f.Kind == celery.FindingNoTTL {
		p.lasting = &f
		return nil
	}
	p.count(true, false)
	return p.row(f)
}

// flush prints the entry that has nothing but no lifetime.
func (p *findings) flush() error {
	if p.lasting == nil {
		return nil
	}
	f := *p.lasting
	p.lasting = nil
	p.count(!f.Repaired, f.Repaired)
	f.Text = lifetimeText(f)
	return p.row(f)
}

func (p *findings) count(left, repaired bool) {
	p.n++
	if left {
		p.left++
	}
	if repaired {
		p.repaired++
	}
}

func (p *findings) row(f celery.Finding) error {
	return p.line(fmt.Sprintf("%-11s  %s  %s", f.Kind, escapeKey(f.Key), oneLine(f.Text)))
}

func (p *findings) line(text string) error {
	_, err := fmt.Fprintln(p.out, text)
	return err
}

func lifetimeText(f celery.Finding) string {
	if f.Repaired {
		return "repaired: it has a lifetime now"
	}
	return f.Text
}

func findingObject(f celery.Finding) string {
	idName, id := idMember("id", f.ID)
	keyName, key := keyMember(f.Key)
	return string(object("kind", string(f.Kind), idName, id, keyName, key, "text", oneLine(f.Text), "repaired", f.Repaired))
}
