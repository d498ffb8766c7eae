package main

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/larder-go/larder/driver"
)

// answerFacts prints facts as a table, or as a JSON object, where durations are seconds.
func (a *app) answerFacts(facts []driver.Fact) {
	if a.JSON {
		var pairs []any
		for _, f := range facts {
			value := f.Value
			if d, ok := value.(time.Duration); ok {
				value = d.Seconds()
			}
			pairs = append(pairs, f.Name, value)
		}
		a.answer("", pairs...)
		return
	}
	t := newTable()
	for _, f := range facts {
		t.AppendRow(table.Row{f.Name, escapeKey(fmt.Sprint(f.Value))})
	}
	fmt.Fprintln(a.out, t.Render())
}

// newTable makes a table without lines, for a terminal and for awk.
func newTable() table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}
