package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (completionCmd) Help() string {
	return `Examples:

    source <(larder completion bash)
    larder completion zsh > "${fpath[1]}/_larder"
    larder completion fish > ~/.config/fish/completions/larder.fish`
}

// Run is called by kong.
func (cmd completionCmd) Run(a *app, model *kong.Application) error {
	script := map[string]func(shellModel) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[cmd.Shell]
	text := script(newShellModel(model))
	a.answer(strings.TrimSuffix(text, "\n"), "shell", cmd.Shell, "script", text)
	return nil
}

// shellModel is what the scripts are made of.
type shellModel struct {
	commands []shellCommand
	global   []*kong.Flag
}

type shellCommand struct {
	name, help string
	flags      []*kong.Flag
	words      []string // what its argument can be
	files      bool     // its argument is a file
}

func newShellModel(model *kong.Application) shellModel {
	m := shellModel{global: model.Flags}
	for _, node := range model.Children {
		c := shellCommand{name: node.Name, help: node.Help, flags: node.Flags}
		for _, child := range node.Children { // whose flags are offered together
			c.words = append(c.words, child.Name)
			c.flags = withoutRepeats(slices.Concat(c.flags, child.Flags))
		}
		for _, arg := range node.Positional {
			c.files = c.files || arg.Name == "file"
			if arg.Enum != "" {
				c.words = arg.EnumSlice()
			}
		}
		m.commands = append(m.commands, c)
	}
	return m
}

func withoutRepeats(flags []*kong.Flag) []*kong.Flag {
	seen := map[string]bool{}
	return slices.DeleteFunc(flags, func(f *kong.Flag) bool {
		again := seen[f.Name]
		seen[f.Name] = true
		return again
	})
}

// names returns the commands.
func (m shellModel) names() []string {
	var names []string
	for _, c := range m.commands {
		names = append(names, c.name)
	}
	return names
}

// withValue returns the flags whose next word is a value.
func (m shellModel) withValue() []string {
	all := slices.Clone(m.global)
	for _, c := range m.commands {
		all = append(all, c.flags...)
	}
	all = slices.DeleteFunc(all, func(f *kong.Flag) bool { return f.IsBool() })
	names := flagNames(all)
	slices.Sort(names)
	return slices.Compact(names)
}

func flagNames(flags []*kong.Flag) []string {
	var names []string
	for _, f := range flags {
		names = append(names, "--"+f.Name)
	}
	return names
}

func bashScript(m shellModel) string {
	var cases strings.Builder
	for _, c := range m.commands {
		if len(c.flags) > 0 || len(c.words) > 0 || c.files {
			fmt.Fprintf(&cases, "    %s) flags+=' %s' words='%s' files=%t ;;\n",
				c.name, strings.Join(flagNames(c.flags), " "), strings.Join(c.words, " "), c.files)
		}
	}
	return fmt.Sprintf(`# bash completion for larder: source <(larder completion bash)
_larder() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= skip= files=false words= i
  local flags='%s' valued=' %s '
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ -n $skip ]]; then skip=; continue; fi
    case ${COMP_WORDS[i]} in
    -*) [[ $valued == *" ${COMP_WORDS[i]} "* ]] && skip=1 ;;
    *) cmd=${COMP_WORDS[i]}; break ;;
    esac
  done
  case $cmd in
%s  esac
  COMPREPLY=()
  if [[ $valued == *" $prev "* ]]; then
    return
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -z $cmd ]]; then
    COMPREPLY=($(compgen -W '%s' -- "$cur"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  elif $files; then
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -F _larder larder
`, strings.Join(flagNames(m.global), " "), strings.Join(m.withValue(), " "), cases.String(), strings.Join(m.names(), " "))
}

func zshScript(m shellModel) string {
	var commands, cases strings.Builder
	for _, c := range m.commands {
		fmt.Fprintf(&commands, "    %s\n", quoteShell(c.name+":"+c.help))
		args := zshFlags(c.flags)
		if len(c.words) > 0 {
			args += " " + quoteShell("1: :("+strings.Join(c.words, " ")+")")
		}
		if c.files {
			args += " '*:file:_files'"
		}
		fmt.Fprintf(&cases, "      %s) _arguments $global%s ;;\n", c.name, args)
	}
	return fmt.Sprintf(`#compdef larder
_larder() {
  local state line
  local -a commands global
  commands=(
%s  )
  global=(%s)
  _arguments -C $global '1: :->command' '*:: :->rest'
  case $state in
  command) _describe command commands ;;
  rest)
    case $words[1] in
%s    esac ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _larder "$@"; else compdef _larder larder; fi
`, commands.String(), zshFlags(m.global), cases.String())
}

func zshFlags(flags []*kong.Flag) string {
	var b strings.Builder
	for _, f := range flags {
		help := strings.NewReplacer("[", "(", "]", ")", ":", " -").Replace(f.Help)
		spec := "--" + f.Name + "[" + help + "]"
		if !f.IsBool() {
			spec = "--" + f.Name + "=[" + help + "]:" + strings.ToLower(f.FormatPlaceHolder()) + ":"
		}
		b.WriteString(" " + quoteShell(spec))
	}
	return b.String()
}

func fishScript(m shellModel) string {
	var b strings.Builder
	b.WriteString("# fish completion for larder\ncomplete -c larder -f\n")
	for _, c := range m.commands {
		fmt.Fprintf(&b, "complete -c larder -n __fish_use_subcommand -a %s -d %s\n", c.name, quoteFish(c.help))
		seen := "-n '__fish_seen_subcommand_from " + c.name + "'"
		writeFishFlags(&b, seen, c.flags)
		if len(c.words) > 0 {
			fmt.Fprintf(&b, "complete -c larder %s -a '%s'\n", seen, strings.Join(c.words, " "))
		}
		if c.files {
			fmt.Fprintf(&b, "complete -c larder %s -F\n", seen)
		}
	}
	writeFishFlags(&b, "", m.global)
	return b.String()
}

func writeFishFlags(b *strings.Builder, when string, flags []*kong.Flag) {
	for _, f := range flags {
		value := ""
		if !f.IsBool() {
			value = " -x"
		}
		fmt.Fprintf(b, "complete -c larder %s -l %s%s -d %s\n", when, f.Name, value, quoteFish(f.Help))
	}
}

// quoteShell quotes for bash and zsh.
func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// quoteFish quotes for fish.
func quoteFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
