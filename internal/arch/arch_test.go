package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/larder-go/larder"
	where  = "internal/arch/rules_test.go"
)

// listed is what go list tells about a package.
type listed struct {
	ImportPath   string
	DepOnly      bool // not of this module, only needed by it
	Standard     bool
	Module       *struct{ Path string }
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string // all that the package's program links, tests apart
}

// TestImports checks each import arrow, and what a program links that uses a package, on the
// systems that have files of their own.
func TestImports(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		t.Run(goos, func(t *testing.T) {
			for _, fault := range check(list(t, goos), rules) {
				t.Error(fault)
			}
		})
	}
}

// TestRequirements checks go.mod: nothing is in it that is not in the rules, and nothing that would
// keep `go install …/cmd/larder@latest` from working.
func TestRequirements(t *testing.T) {
	var mod struct {
		Require []struct{ Path string }
		Replace []struct{ Old struct{ Path string } }
	}
	if err := json.Unmarshal(run(t, nil, "go", "mod", "edit", "-json"), &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if !known(r.Path) {
			t.Errorf("go.mod requires %s, which is new.\n%s", r.Path, adviceModule)
		}
	}
	for _, r := range mod.Replace {
		t.Errorf("go.mod replaces %s: `go install` refuses a module that does. Try a `go work` of your own, outside of the project, instead.", r.Old.Path)
	}
}

func known(mod string) bool {
	if slices.Contains(testModules, mod) {
		return true
	}
	for _, r := range rules {
		for _, m := range r.modules {
			if m == mod || slices.Contains(behind[m], mod) {
				return true
			}
		}
	}
	return false
}

const (
	adviceOwn = "Move the code to where it may be imported, put an interface between (package driver has the engines'), or, " +
		"if the shape is what should change, add the arrow to " + where + " and say why in the commit."
	adviceModule = "Every program that uses the package will link it. If it is worth that, add it to " + where +
		" and say why in the commit; a tool for development belongs into tools/, a rival or a client for a benchmark or an example " +
		"into the modules there."
)

// check returns what is wrong with the packages, a sentence for each fault.
func check(pkgs map[string]listed, rules map[string]rule) (faults []string) {
	for _, path := range sortedKeys(pkgs) {
		p := pkgs[path]
		dir, own := dirOf(path)
		if !own {
			continue
		}
		ruled, r, ok := ruleFor(dir, rules)
		if !ok {
			faults = append(faults, "package "+dir+" is new. Add what it may import to "+where+".")
			continue
		}
		faults = append(faults, checkArrows(pkgs, p, dir, ruled, r)...)
		faults = append(faults, checkTests(pkgs, p, dir, r)...)
		faults = append(faults, checkLinked(pkgs, p, dir)...)
	}
	return faults
}

// checkArrows looks at what the package itself imports.
func checkArrows(pkgs map[string]listed, p listed, dir, ruled string, r rule) (faults []string) {
	for _, imp := range p.Imports {
		if to, own := dirOf(imp); own {
			toRuled, _, _ := ruleFor(to, rules)
			if toRuled != ruled && !slices.ContainsFunc(r.own, func(pattern string) bool { return match(pattern, to) }) {
				faults = append(faults, "package "+dir+" imports "+to+", and may import "+may(r.own)+".\n"+adviceOwn)
			}
		} else if mod := moduleOf(pkgs, imp); mod != "" && !slices.Contains(r.modules, mod) {
			faults = append(faults, "package "+dir+" imports "+imp+" of the module "+mod+", and may use "+may(r.modules)+".\n"+adviceModule)
		}
	}
	return faults
}

// checkTests looks at what its tests import: everything of this module, its own modules, and those
// for tests.
func checkTests(pkgs map[string]listed, p listed, dir string, r rule) (faults []string) {
	for _, imp := range append(slices.Clone(p.TestImports), p.XTestImports...) {
		mod := moduleOf(pkgs, imp)
		if _, own := dirOf(imp); own || mod == "" || slices.Contains(r.modules, mod) || slices.Contains(testModules, mod) {
			continue
		}
		faults = append(faults, "a test of package "+dir+" imports "+imp+" of the module "+mod+", and may use "+
			may(append(slices.Clone(r.modules), testModules...))+".\n"+adviceModule)
	}
	return faults
}

// checkLinked looks at the whole of what a program links with the package, for a module that grew a
// dependency and for test libraries in the product. What a package of ours imports itself is left to
// checkArrows, so that a wrong import is told once and not for every package that stands on it.
func checkLinked(pkgs map[string]listed, p listed, dir string) (faults []string) {
	allowed := map[string]bool{module: true}
	forTests := strings.HasPrefix(dir, "internal/") || inFolder(dir, "celery/internal/enginetest")
	for _, dep := range append(slices.Clone(p.Deps), p.ImportPath) {
		to, own := dirOf(dep)
		if !own {
			continue
		}
		forTests = forTests || inFolder(to, "driver/drivertest")
		for _, imp := range pkgs[dep].Imports {
			mod := moduleOf(pkgs, imp)
			allowed[mod] = true
			for _, b := range behind[mod] {
				allowed[b] = true
			}
		}
	}
	told := map[string]bool{}
	for _, dep := range p.Deps {
		if dep == "testing" && !forTests {
			faults = append(faults, "a program that uses package "+dir+" links testing. Move what tests need into a _test.go file or into driver/drivertest.")
		}
		if mod := moduleOf(pkgs, dep); mod != "" && !allowed[mod] && !told[mod] {
			told[mod] = true
			faults = append(faults, "a program that uses package "+dir+" links the module "+mod+" ("+dep+").\n"+adviceModule)
		}
	}
	return faults
}

// dirOf returns a package's folder in this module, "." for its root.
func dirOf(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// ruleFor returns the rule of the nearest folder above dir.
func ruleFor(dir string, rules map[string]rule) (string, rule, bool) {
	for d := dir; ; d = d[:strings.LastIndexByte(d, '/')] {
		if r, ok := rules[d]; ok {
			return d, r, true
		}
		if !strings.Contains(d, "/") {
			return "", rule{}, false
		}
	}
}

func match(pattern, dir string) bool {
	if folder, ok := strings.CutSuffix(pattern, "/..."); ok {
		return inFolder(dir, folder)
	}
	return pattern == dir
}

func inFolder(dir, folder string) bool {
	return dir == folder || strings.HasPrefix(dir, folder+"/")
}

// moduleOf returns the third-party module of a package; none for the standard library, whose
// packages have no module, and for what go list did not list because only tests need it.
func moduleOf(pkgs map[string]listed, path string) string {
	if p, ok := pkgs[path]; ok && p.Module != nil {
		return p.Module.Path
	}
	return ""
}

func may(list []string) string {
	if len(list) == 0 {
		return "the standard library only"
	}
	return "only " + strings.Join(list, ", ")
}

func sortedKeys(m map[string]listed) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// list asks the go command for the module's packages and all that they and their tests need.
func list(t *testing.T, goos string) map[string]listed {
	t.Helper()
	// go test keeps the result of a test until a file changes that the test has looked at. It cannot
	// see what go list looks at: without this, a wrong import would pass until someone touched us.
	tree(t)
	out := run(t, []string{"GOOS=" + goos, "CGO_ENABLED=0"}, "go", "list", "-deps", "-test",
		"-json=ImportPath,DepOnly,Standard,Module,Imports,TestImports,XTestImports,Deps", "./...")
	pkgs := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		// -test also lists test programs, `p.test` and `p [p.test]`: their imports are known from p.
		if !strings.HasSuffix(p.ImportPath, ".test") && !strings.Contains(p.ImportPath, " ") {
			pkgs[p.ImportPath] = p
		}
	}
	if len(pkgs) == 0 {
		t.Fatal("go list tells of no package")
	}
	return pkgs
}

func run(t *testing.T, env []string, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = filepath.FromSlash(root)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return out
}
