package main

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEscapeKey(t *testing.T) {
	for key, want := range map[string]string{
		"":              "",
		"user:42 é😀\"'": "user:42 é😀\"'",
		"a\nb\r\t\x00":  `a\nb\r\t\x00`,
		"\x1b[31m":      `\x1b[31m`,
		`a\nb`:          `a\\nb`,
		"\xff\xc3":      `\xff\xc3`,
		"\ufffd":        "\ufffd",
		"\u202e\u00a0":  `\u202e\u00a0`,
	} {
		if got := escapeKey(key); got != want {
			t.Errorf("%q: got %s, want %s", key, got, want)
		}
	}
}

// Every key is one line that prints, and can be read back.
func TestEscapeKeyIsReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := string(rapid.SliceOf(rapid.Byte()).Draw(t, "key"))
		if rapid.Bool().Draw(t, "text") {
			key = rapid.String().Draw(t, "string")
		}
		line := escapeKey(key)
		for _, r := range line {
			if !strconv.IsPrint(r) {
				t.Fatalf("%q has %q", line, r)
			}
		}
		if got := unescape(t, line); got != key {
			t.Fatalf("%q came back as %q", key, got)
		}
	})
}

func unescape(t *rapid.T, line string) string {
	var b strings.Builder
	for line != "" {
		r, multibyte, rest, err := strconv.UnquoteChar(line, 0)
		if err != nil {
			t.Fatal(err)
		}
		if r < 0x80 || multibyte {
			b.WriteRune(r)
		} else {
			b.WriteByte(byte(r))
		}
		line = rest
	}
	return b.String()
}
