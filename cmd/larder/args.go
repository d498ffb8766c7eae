package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// arrange sorts args into command, flags, -- and arguments, which is a form that the parser cannot take the wrong way:
// flags may stand anywhere, -5 is a number and not a flag, and a flag's value may begin with a minus. child is
// what stands behind the -- of get-or-set, which comes after KEY; nil if there is none.
func arrange(model *kong.Application, args []string) (arranged []string, child *[]string) {
	s := sorter{known: flagsOf(model.Node)}
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
			s.argument(model, arg)
		default:
			args = s.flag(arg, args)
		}
	}
	return s.arranged(), child
}

type sorter struct {
	known     map[string]*kong.Flag
	command   string
	flags     []string
	arguments []string
	literal   bool // behind a --
}

// takesChild tells whether a -- begins the command that get-or-set runs.
func (s *sorter) takesChild() bool { return s.command == "get-or-set" && len(s.arguments) > 0 }

// isFlag tells flags from arguments. No flag begins with a digit.
func isFlag(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && !strings.ContainsRune("0123456789.", rune(arg[1]))
}

func (s *sorter) argument(model *kong.Application, arg string) {
	if s.command != "" {
		s.arguments = append(s.arguments, arg)
		return
	}
	s.command = arg
	for _, node := range model.Children {
		if node.Name == arg {
			s.known = flagsOf(node)
		}
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
	var out []string
	if s.command != "" {
		out = append(out, s.command)
	}
	out = append(out, s.flags...)
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

// checkCommand tells of a command that there is not. arranged begins with the command, if there is one.
func checkCommand(model *kong.Application, arranged []string) error {
	if len(arranged) == 0 || isFlag(arranged[0]) {
		return nil
	}
	for _, node := range model.Children {
		if node.Name == arranged[0] {
			return nil
		}
	}
	return fmt.Errorf("there is no command %q; larder --help lists them", arranged[0])
}
