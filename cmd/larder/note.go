package main

import (
	"context"
	"log/slog"
	"strings"
)

// noteHandler prints what the library has to tell a person, a line each, unless --quiet.
type noteHandler struct {
	a     *app
	attrs string
}

// Enabled is part of slog.Handler.
func (h noteHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && !h.a.Quiet
}

// Handle is part of slog.Handler.
func (h noteHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString("note: " + strings.TrimPrefix(r.Message, "larder: ") + h.attrs)
	r.Attrs(func(attr slog.Attr) bool {
		b.WriteString(" " + attr.String())
		return true
	})
	h.a.tell(b.String())
	return nil
}

// WithAttrs is part of slog.Handler.
func (h noteHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, attr := range attrs {
		h.attrs += " " + attr.String()
	}
	return h
}

// WithGroup is part of slog.Handler.
func (h noteHandler) WithGroup(string) slog.Handler { return h }
