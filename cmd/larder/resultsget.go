package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
)

type resultsGetCmd struct {
	ID  string `arg:"" name:"id" help:"The task's id."`
	Raw bool   `help:"Print the bytes that are stored, whether they can be read or not."`
}

func (resultsGetCmd) Help() string {
	return `Prints what is stored of a task, a line for each field under its name on the wire, and when it expires. With --json it
is one object of the stored fields, their names and values as they are stored: {"__type__": …} objects, and NaN, which is no strict JSON.

Exit status: 0 if anything is stored, whatever the state; 1 if nothing is, and nothing is printed; 2 if it cannot be read, which is told;
--raw prints such bytes.

Examples:

    larder results get 3f0a2f4e-6f4e-4c3b-9a5e-6d0d8a6f7c11 --url redis://localhost/1
    larder results get 3f0a2f4e-6f4e-4c3b-9a5e-6d0d8a6f7c11 --json | jq .result`
}

// Run is called by kong.
func (cmd resultsGetCmd) Run(a *app, results *resultsCmd) error {
	return results.use(a, "get", func(r *celery.Results) error {
		var s *celery.Stored
		err := a.call(func(ctx context.Context) (err error) {
			s, err = r.Stored(ctx, cmd.ID)
			return err
		})
		switch {
		case errors.Is(err, celery.ErrMiss):
			a.note("nothing is stored of a task of this id (of a group or chord: results group, results chord)")
			return err
		case err != nil:
			return err
		case cmd.Raw:
			return a.printRaw(s)
		case s.Err != nil:
			return unreadable(s.Err)
		case a.JSON:
			fmt.Fprintf(a.out, "%s\n", fieldsObject(s.Meta))
		default:
			a.printMeta(s)
		}
		return nil
	})
}

// printRaw prints the bytes as they are, and nothing else.
func (a *app) printRaw(s *celery.Stored) error {
	var read *celery.ReadError
	switch {
	case s.Err == nil:
		_, err := a.out.Write(s.Meta.Raw())
		return err
	case errors.As(s.Err, &read) && read.Raw != nil:
		_, err := a.out.Write(read.Raw)
		return err
	}
	return s.Err
}

// unreadable is the error of a result that cannot be read, with the way to look at it all the same.
func unreadable(err error) error {
	var read *celery.ReadError
	if !errors.As(err, &read) || read.Raw == nil {
		return err
	}
	return fmt.Errorf("%w (results get --raw prints the %d bytes that are stored)", untitled(err), len(read.Raw))
}

// printMeta prints a line for each field. What is longer than a line stands at the end.
func (a *app) printMeta(s *celery.Stored) {
	t := newTable()
	var traceback string
	for _, f := range s.Meta.Fields() {
		text := fieldText(s.Meta, f)
		if f.Name == "traceback" && strings.Contains(text, "\n") {
			traceback = text
			continue
		}
		t.AppendRow(table.Row{escapeKey(f.Name), escapeKey(text)})
	}
	switch {
	case s.TTL > 0:
		t.AppendRow(table.Row{"expires in", s.TTL.Round(time.Second)})
	case s.TTL == 0:
		t.AppendRow(table.Row{"expires in", "never"})
	}
	fmt.Fprintln(a.out, t.Render())
	for line := range strings.Lines(traceback) {
		fmt.Fprintln(a.out, "  "+escapeKey(strings.TrimRight(line, "\r\n")))
	}
}

// fieldText is a field for a person: texts without their quotes, exceptions as Python prints them,
// children by their ids.
func fieldText(m *celery.Meta, f py.Field) string {
	if f.Name == "result" {
		if e := m.Exception(); e != nil {
			return e.Error()
		}
		return string(compact(nil, f.Value.JSON()))
	}
	if f.Name == "children" && len(m.Children) > 0 {
		return childrenText(m.Children)
	}
	var text string
	if f.Value.Decode(&text) == nil {
		return text
	}
	return string(compact(nil, f.Value.JSON()))
}

func childrenText(nodes []celery.Node) string {
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
		if n.Group {
			ids[i] += fmt.Sprintf(" (a group of %d)", len(n.Nodes))
		}
	}
	return strings.Join(ids, ", ")
}
