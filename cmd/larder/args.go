package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// arrange sorts args into command, flags, -- and arguments, which is a form that the parser cannot take the wrong way:
// flags may stand anywhere, -5 is a number and not a flag, and a flag's value may begin with a minus. child is
// what stands behind the -- of get-or-set, which comes after KEY; nil if there is none.
func arrange(model *kong.Application, args []string) (arranged []string, child *[]string) {
	s := sorter{node: model.Node, known: flagsOf(model.Node)}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--" && s.takesChild():
			rest := args
			child, args = &rest, nil
		case arg == "--" && !s.literal:
			s.literal = true
		case s.literal || !isFlag(arg):
			s.argument(arg)
		default:
			args = s.flag(arg, args)
		}
	}
	return s.arranged(), child
}

type sorter struct {
	node      *kong.Node // the command so far; nil if there is none of that name
	known     map[string]*kong.Flag
	command   []string // get, or results get
	flags     []string
	arguments []string
	literal   bool // behind a --
}

// takesChild tells whether a -- begins the command that get-or-set runs.
func (s *sorter) takesChild() bool {
	return s.node != nil && s.node.Name == "get-or-set" && len(s.arguments) > 0
}

// isFlag tells flags from arguments. No flag begins with a digit.
func isFlag(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && !strings.ContainsRune("0123456789.", rune(arg[1]))
}

func (s *sorter) argument(arg string) {
	if s.node == nil || len(s.node.Children) == 0 {
		s.arguments = append(s.arguments, arg)
		return
	}
	s.command = append(s.command, arg)
	if s.node = childOf(s.node, arg); s.node != nil {
		s.known = flagsOf(s.node)
	}
}

// flag takes a flag, with its value if that is the next argument.
func (s *sorter) flag(arg string, rest []string) []string {
	f := s.known[strings.TrimPrefix(arg, "--")]
	if f != nil && !f.IsBool() && len(rest) > 0 {
		arg, rest = arg+"="+rest[0], rest[1:]
	}
	s.flags = append(s.flags, arg)
	return rest
}

func (s *sorter) arranged() []string {
	out := slices.Concat(s.command, s.flags)
	if len(s.arguments) > 0 {
		out = append(append(out, "--"), s.arguments...)
	}
	return out
}

// flagsOf returns the flags of a command and the global ones, by name.
func flagsOf(node *kong.Node) map[string]*kong.Flag {
	known := map[string]*kong.Flag{}
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			known[f.Name] = f
		}
	}
	return known
}

// knownFlags are the flags of a command and the global ones, or only these if there is no such command.
func knownFlags(model *kong.Application, command string) map[string]*kong.Flag {
	if node := findCommand(model, command); node != nil {
		return flagsOf(node)
	}
	return flagsOf(model.Node)
}

// findCommand finds a command by its words: "get", "results get".
func findCommand(model *kong.Application, command string) *kong.Node {
	node := model.Node
	for _, name := range strings.Split(command, " ") {
		if node = childOf(node, name); node == nil {
			return nil
		}
	}
	return node
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// commandOf returns the words of the command that arranged begins with, or "".
func commandOf(arranged []string) string {
	n := slices.IndexFunc(arranged, isFlag)
	if n < 0 {
		n = len(arranged)
	}
	return strings.Join(arranged[:n], " ")
}

// spellOut turns help [COMMAND] and --version, as other programs have them, into what the grammar has.
func spellOut(arranged []string) []string {
	switch command := commandOf(arranged); {
	case command == "help":
		if i := slices.Index(arranged, "--"); i >= 0 {
			return append(slices.Clone(arranged[i+1:]), "--help")
		}
		return []string{"--help"}
	case command == "" && slices.Contains(arranged, "--version"):
		rest := slices.DeleteFunc(slices.Clone(arranged), func(arg string) bool { return arg == "--version" })
		return append([]string{"version"}, rest...)
	}
	return arranged
}

// checkCommand tells of a command that there is not, and of one that may be meant.
func checkCommand(model *kong.Application, arranged []string) error {
	command := commandOf(arranged)
	if command == "" {
		return nil
	}
	node, known := model.Node, ""
	for _, name := range strings.Split(command, " ") {
		child := childOf(node, name)
		if child == nil {
			return noCommand(node, known, name)
		}
		node, known = child, known+name+" "
	}
	if len(node.Children) > 0 && !slices.Contains(arranged, "--help") && !slices.Contains(arranged, "-h") {
		return fmt.Errorf("%s: one of its commands is missing; larder %[1]s --help lists them", command)
	}
	return nil
}

// noCommand is the error for a name that is no command of node, whose own words are known.
func noCommand(node *kong.Node, known, name string) error {
	if meant := nearCommand(node, name); meant != "" {
		return fmt.Errorf("there is no command %q, did you mean %s? larder %s--help lists them", known+name, known+meant, known)
	}
	return fmt.Errorf("there is no command %q; larder %s--help lists them", known+name, known)
}

// otherNames are what other programs call our commands.
var otherNames = map[string]string{
	"ls": "keys", "list": "keys", "scan": "keys", "find": "keys", "rm": "delete", "del": "delete", "remove": "delete",
	"unset": "delete", "put": "set", "store": "set", "cat": "get", "read": "get", "show": "get", "mget": "get-many",
	"mset": "set-many", "expire": "touch", "exists": "has", "flush": "clear", "flushall": "clear", "dump": "export",
	"load": "import", "monitor": "watch", "subscribe": "watch", "restore": "import", "info": "stats", "inc": "incr", "dec": "decr", "cp": "copy", "check": "doctor", "diagnose": "doctor",
}

// nearCommand guesses what is meant by a name; "" if nothing comes to mind.
func nearCommand(node *kong.Node, name string) string {
	if meant := otherNames[name]; childOf(node, meant) != nil {
		return meant
	}
	best, least := "", len(name)/2+1
	for _, child := range node.Children {
		if d := distance(name, child.Name); d < least {
			best, least = child.Name, d
		}
	}
	return best
}

// distance is how many letters are to be added, left out, changed or swapped with the next one to make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
		for j := 1; j <= len(b); j++ {
			if i == 0 {
				rows[i][j] = j
				continue
			}
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// checkValues tells of a flag that needs a value and stands at the end of the line.
func checkValues(model *kong.Application, arranged []string) error {
	known := knownFlags(model, commandOf(arranged))
	for _, arg := range arranged {
		if arg == "--" {
			break
		}
		name, ok := strings.CutPrefix(arg, "--")
		if f := known[name]; ok && f != nil && !f.IsBool() {
			return fmt.Errorf("--%s needs a value, such as %s", name, exampleValues[name])
		}
	}
	return nil
}

// exampleValues are values of the flags that take one.
var exampleValues = map[string]string{
	"url": "sqlite:cache.db", "key-prefix": "shop", "key-version": "2", "ttl": "10m", "timeout": "5s", "default": "null",
	"limit": "10", "prefix": "user:", "from": "sqlite:old.db", "to": "sqlite:new.db",
	"config": "celery.yaml", "serializer": "msgpack", "state": "FAILURE", "name": "shop.tasks.*", "group": "a group's id", "older": "1h", "newer": "1h",
	"for": "30s", "fix-ttl": "24h", "stuck-after": "1h",
}
