package main

import "testing"

// TestURLAsArgument: of what is asked of a cache as a whole.
func TestURLAsArgument(t *testing.T) {
	sh, other := sqliteShell(t), sqliteShell(t)
	sh.want("", 0, "set", "a", "1")
	for _, command := range []string{"ping", "stats", "doctor"} {
		sh.fails(command+": the URL is given twice", command, sh.url, "--url", sh.url)
		sh.fails("malformed URL", command, "localhost")
		sh.fails(command+`: "b" is one argument too many`, command, sh.url, "b")
		sh.fails("empty (is a variable not set?)", command, "")
	}
	other.want("~"+sh.url+"~", 0, "ping", sh.url)
	other.want("~entries~1\n~", 0, "stats", sh.url)
	other.want("~entries~0\n~", 0, "stats")
}
