package arch

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentation follows every relative link of the Markdown files and every path of this project
// that stands in their code, so that a renamed file does not leave the documentation behind.
func TestDocumentation(t *testing.T) {
	docs := os.DirFS(filepath.FromSlash(root))
	for _, file := range tree(t) {
		if path.Ext(file) != ".md" {
			continue
		}
		text, err := fs.ReadFile(docs, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range checkDoc(docs, file, string(text)) {
			t.Errorf("%s: %s", file, fault)
		}
	}
}

// tree lists the files of the project, without the hidden and those of tests.
func tree(t *testing.T) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(filepath.FromSlash(root)), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case !d.IsDir():
			files = append(files, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var (
	fence    = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	span     = regexp.MustCompile("`[^`\n]+`")
	link     = regexp.MustCompile(`\]\(([^)\s]+)(?: "[^"]*")?\)`)
	scheme   = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.*?)[ #]*$`)
	notInURL = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	// A path says that it is one by its first folder; `./x` is one in a command only.
	inCode    = regexp.MustCompile(`^(?:\./)?(?:[\w.-]+/)*[\w.-]+/?$`)
	goCommand = regexp.MustCompile(`(?m)^\s*(?:\$ )?(?:go (?:run|test|build|vet|install) (?:.* )?)?(\./[\w./-]+)`)
)

// checkDoc returns what in a document leads nowhere.
func checkDoc(docs fs.FS, file, text string) (faults []string) {
	prose := span.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
	for _, m := range link.FindAllStringSubmatch(prose, -1) {
		target, anchor, _ := strings.Cut(m[1], "#")
		if scheme.MatchString(m[1]) {
			continue
		}
		to := file
		if target != "" {
			to = path.Join(path.Dir(file), target)
		}
		if !exists(docs, to) {
			faults = append(faults, "the link ("+m[1]+") leads to "+to+", which does not exist")
		} else if anchor != "" && path.Ext(to) == ".md" && !anchors(docs, to, text, file)[anchor] {
			faults = append(faults, "the link ("+m[1]+") leads to a heading that "+to+" does not have")
		}
	}
	code := strings.Join(fence.FindAllString(text, -1), "\n")
	for _, m := range goCommand.FindAllStringSubmatch(code, -1) {
		if p := strings.TrimSuffix(path.Clean(m[1]), "/..."); p != "..." && !exists(docs, p) {
			faults = append(faults, "a command names "+m[1]+", which does not exist")
		}
	}
	for _, s := range span.FindAllString(fence.ReplaceAllString(text, ""), -1) {
		p := strings.Trim(s, "`")
		first, _, deep := strings.Cut(strings.TrimPrefix(p, "./"), "/")
		if !deep || !inCode.MatchString(p) || !exists(docs, first) {
			continue // not a path, or none of this project
		}
		if p = path.Clean(strings.TrimSuffix(p, "/...")); !exists(docs, p) && !exists(docs, path.Join(path.Dir(file), p)) {
			faults = append(faults, s+" does not exist")
		}
	}
	return faults
}

func exists(docs fs.FS, p string) bool {
	_, err := fs.Stat(docs, path.Clean(p))
	return err == nil
}

// anchors returns the names that a Markdown viewer gives the headings of a file; text is that of file.
func anchors(docs fs.FS, of, text, file string) map[string]bool {
	if of != file {
		b, _ := fs.ReadFile(docs, of) // it exists; what cannot be read has no headings
		text = string(b)
	}
	names := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		name := strings.ToLower(notInURL.ReplaceAllString(m[1], ""))
		names[strings.ReplaceAll(name, " ", "-")] = true
	}
	return names
}
