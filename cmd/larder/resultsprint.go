package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
)

// fieldsObject is what is stored of a task as one JSON object: names and values as they are on the wire.
func fieldsObject(m *celery.Meta) []byte {
	out := []byte{'{'}
	for i, f := range m.Fields() {
		if i > 0 {
			out = append(out, ',')
		}
		name, _ := py.Of(f.Name) // a text has a form
		out = append(append(out, name.JSON()...), ':')
		out = compact(out, f.Value.JSON())
	}
	return append(out, '}')
}

// idMember returns the member that says an id in JSON: text if it is UTF-8, else base64.
func idMember(name, id string) (member, value string) {
	kind, value := keyMember(id)
	return name + strings.TrimPrefix(kind, "key"), value
}

// resultRow is a line on what is stored of a task: id, state, when it was stored, name and value. The columns
// stand under each other as long as they hold what Celery's do.
func resultRow(id string, m *celery.Meta, err error, at time.Time) string {
	when := "-"
	if !at.IsZero() {
		when = at.UTC().Format(time.DateTime)
	}
	state, text := "unreadable", readErrorText(err)
	if err == nil {
		state, text = stateText(m), metaText(m)
	}
	return strings.TrimRight(fmt.Sprintf("%-36s  %-8s  %-19s  %s", escapeKey(id), state, when, text), " ")
}

// taskRow is a line on a task.
func taskRow(t celery.Change) string {
	at := time.Time{}
	if t.Meta != nil {
		at = t.Meta.DateDone
	}
	return resultRow(t.ID, t.Meta, t.Err, at)
}

func stateText(m *celery.Meta) string {
	if !m.Known() {
		return "-"
	}
	return escapeKey(string(m.Status))
}

// metaText is a task's name, where it is known, and its value or exception.
func metaText(m *celery.Meta) string {
	text := ""
	switch e := m.Exception(); {
	case e != nil:
		text = e.Error()
	case m.Known() && !m.Result.IsNone():
		text = string(m.Result.JSON())
	}
	text = shorten(oneLine(text), rowText)
	if m.Name == "" {
		return text
	}
	return strings.TrimRight(escapeKey(m.Name)+"  "+text, " ")
}

// rowText is how much of a value a line shows.
const rowText = 60

func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}

// readErrorText says what is wrong with what is stored.
func readErrorText(err error) string {
	var read *celery.ReadError
	if errors.As(err, &read) {
		err = read.Err
	}
	if err == nil {
		return ""
	}
	return oneLine(untitled(err).Error())
}

// storedObject is an entry of a list as JSON.
func storedObject(s *celery.Stored) []byte {
	name, id := idMember("task_id", s.ID)
	var ttl, size any
	if s.TTL > 0 {
		ttl = number(seconds(s.TTL))
	}
	if s.Size >= 0 {
		size = s.Size
	}
	if s.Err != nil {
		return object(name, id, "ttl", ttl, "bytes", size, "error", readErrorText(s.Err))
	}
	return object(name, id, "ttl", ttl, "bytes", size, "meta", number(fieldsObject(s.Meta)))
}

// metaObject says what is stored of a task now; null if that is nothing.
func metaObject(c celery.Change) []byte {
	name, id := idMember("task_id", c.ID)
	switch {
	case c.Err != nil:
		return object(name, id, "error", readErrorText(c.Err))
	case !c.Meta.Known():
		return object(name, id, "meta", nil)
	}
	return object(name, id, "meta", number(fieldsObject(c.Meta)))
}
