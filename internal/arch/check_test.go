package arch

import (
	"strings"
	"testing"
)

// TestCheckFinds shows each kind of fault to the check, which otherwise would pass for ever without
// anyone knowing whether it looks.
func TestCheckFinds(t *testing.T) {
	const memory, sqlite, driver = module + "/memory", module + "/sqlite", module + "/driver"
	mod := func(path string) listed { return listed{ImportPath: path, Module: &struct{ Path string }{path}} }
	third := []listed{mod("github.com/maypok86/otter/v2"), mod("pgregory.net/rapid"), mod("modernc.org/sqlite"),
		mod("modernc.org/libc"), mod("example.org/new")}

	tests := []struct {
		name string
		pkg  listed
		want string // part of the one fault; none if empty
	}{
		{"the standard library", listed{ImportPath: driver, Imports: []string{"fmt"}}, ""},
		{"an arrow that is drawn", listed{ImportPath: memory, Imports: []string{driver, module + "/internal/flight"}}, ""},
		{"its own module", listed{ImportPath: memory, Imports: []string{"github.com/maypok86/otter/v2"}, Deps: []string{"github.com/maypok86/otter/v2"}}, ""},
		{"what its module brings along", listed{ImportPath: sqlite, Imports: []string{"modernc.org/sqlite"}, Deps: []string{"modernc.org/sqlite", "modernc.org/libc"}}, ""},
		{"the suite in a test", listed{ImportPath: memory, XTestImports: []string{driver + "/drivertest", module, sqlite}}, ""},
		{"a test module in a test", listed{ImportPath: memory, TestImports: []string{"pgregory.net/rapid"}}, ""},
		{"the suite's own test modules", listed{ImportPath: driver + "/drivertest", Imports: []string{"testing", "pgregory.net/rapid"}, Deps: []string{"testing", "pgregory.net/rapid"}}, ""},

		{"an engine on the portable package", listed{ImportPath: memory, Imports: []string{module}}, "package memory imports ., and may import only driver"},
		{"celery on the portable package", listed{ImportPath: module + "/celery", Imports: []string{module}}, "package celery imports ."},
		{"one engine on another", listed{ImportPath: sqlite, Imports: []string{memory}}, "package sqlite imports memory"},
		{"the portable package on an engine by choice", listed{ImportPath: module, Imports: []string{sqlite}}, "package . imports sqlite"},
		{"the driver on anything", listed{ImportPath: driver, Imports: []string{module + "/internal/flight"}}, "may import the standard library only"},
		{"the suite in an engine", listed{ImportPath: memory, Imports: []string{driver + "/drivertest"}}, "package memory imports driver/drivertest"},
		{"internal on the portable package", listed{ImportPath: module + "/internal/x", Imports: []string{module}}, "package internal/x imports ."},
		{"another package's module", listed{ImportPath: module, Imports: []string{"github.com/maypok86/otter/v2"}, Deps: []string{memory}}, "of the module github.com/maypok86/otter/v2"},
		{"a new module", listed{ImportPath: memory, Imports: []string{"example.org/new"}}, "of the module example.org/new, and may use only github.com/maypok86/otter/v2"},
		{"a new module in a test", listed{ImportPath: memory, TestImports: []string{"example.org/new"}}, "a test of package memory imports example.org/new"},
		{"a module that a module brings along", listed{ImportPath: memory, Deps: []string{"example.org/new"}}, "links the module example.org/new"},
		{"a test module in the product", listed{ImportPath: memory, Deps: []string{"pgregory.net/rapid"}}, "links the module pgregory.net/rapid"},
		{"testing in the product", listed{ImportPath: memory, Deps: []string{"testing"}}, "links testing"},
		{"a package without a rule", listed{ImportPath: module + "/surprise"}, "package surprise is new"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pkgs := map[string]listed{tt.pkg.ImportPath: tt.pkg}
			for _, m := range third {
				pkgs[m.ImportPath] = m
			}
			faults := check(pkgs, rules)
			switch {
			case tt.want == "" && len(faults) > 0:
				t.Errorf("finds %q in what is right", faults)
			case tt.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], tt.want)):
				t.Errorf("finds %q, want one fault that says %q", faults, tt.want)
			}
		})
	}
}
