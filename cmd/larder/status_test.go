package main

import "testing"

func TestMaskPasswords(t *testing.T) {
	for in, want := range map[string]string{
		"redis://h/0":                         "redis://h/0",
		"bad redis://me:p@ss/w@h/0?x=1":       "bad redis://me:***@h/0?x=1",
		"redis://:pw@h":                       "redis://:***@h",
		"redis://me:p w\n//x:y@z@h:1/0: gone": "redis://me:***@h:1/0: gone",
		"redis://my self:pw@h":                "redis://***@h",
		"redis://a/b:pw@h":                    "redis://***@h",
		"redis://token@h":                     "redis://***@h",
		"x?sentinel_password=pw&ttl=5 y":      "x?sentinel_password=***&ttl=5 y",
		"user:42@example is a key, not a pw":  "user:42@example is a key, not a pw",
	} {
		if got := maskPasswords(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\n":        "a; b",
		"a \x1b[31m":    `a \x1b[31m`,
		`"a\nb" \ c`:    `"a\nb" \ c`,
		"\n\n x \r\n\t": "x",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
