package main

import (
	"fmt"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress is a bar on standard error, or nothing if that is no terminal.
type progress struct {
	all    *mpb.Progress
	bar    *mpb.Bar
	start  time.Time
	before func()
}

// startProgress shows how far a command is. total is in the units that it will add: bytes or entries; 0 is unknown.
// What is told meanwhile stands above the bar.
func (a *app) startProgress(verb string, total int64, entries func() int64) *progress {
	if !a.errTTY || a.Quiet {
		return nil
	}
	p := &progress{start: time.Now()}
	stderr := a.stderr
	p.all = mpb.New(mpb.WithOutput(stderr), mpb.WithWidth(48), mpb.WithAutoRefresh())
	rate := func(decor.Statistics) string {
		n := entries()
		return fmt.Sprintf("%d entries, %.0f/s", n, float64(n)/time.Since(p.start).Seconds())
	}
	p.bar = p.all.AddBar(total,
		mpb.PrependDecorators(decor.Name(verb+" "), decor.Any(rate)),
		mpb.AppendDecorators(decor.OnCondition(decor.Percentage(), total > 0), decor.Name(" "),
			decor.OnCondition(decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done"), total > 0)))
	a.stderr = p.all
	p.before = func() { a.stderr = stderr }
	return p
}

// add moves the bar on.
func (p *progress) add(n int) {
	if p != nil {
		p.bar.IncrInt64(int64(n))
	}
}

// end leaves the bar as it is, full if the command is done.
func (p *progress) end(done bool) {
	if p == nil {
		return
	}
	if done {
		p.bar.SetTotal(-1, true)
	} else {
		p.bar.Abort(false)
	}
	p.all.Wait()
	p.before()
}
