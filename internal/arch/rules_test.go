package arch

// This file is the list to change when the shape of the project changes. Say why in the commit.

// rule is what the packages of a folder may import, beside the standard library. The rule of the
// nearest folder above a package holds, so "driver/drivertest" is not bound by that of "driver".
type rule struct {
	// own are folders of this module; "dir/..." includes those below. A package may also import
	// what lies in its own rule's folder.
	own []string
	// modules are third-party modules.
	modules []string
}

var (
	engine = []string{"driver", "internal/..."}
	rules  = map[string]rule{
		"driver":   {}, // what an engine's author depends on: the standard library only
		"internal": {own: []string{"driver"}},
		"codec":    {own: []string{"internal/..."}, modules: []string{"github.com/klauspost/compress"}},

		// The suite is public, for other authors' engines: it brings its test libraries along.
		"driver/drivertest": {own: []string{"driver", "internal/..."}, modules: testModules},

		"memory":    {own: engine, modules: []string{"github.com/maypok86/otter/v2"}},
		"dummy":     {own: engine},
		"sqlite":    {own: engine, modules: []string{"modernc.org/sqlite"}},
		"redis":     {own: engine, modules: []string{"github.com/redis/rueidis"}},
		"memcached": {own: engine},
		"celery":    {own: engine, modules: []string{"github.com/tinylib/msgp", "go.yaml.in/yaml/v3"}}, // results are shared with Python: nothing of larder may touch them

		// For tests: it opens every engine that results are stored on.
		"celery/internal/enginetest": {own: []string{"driver", "memory", "sqlite", "redis", "memcached", "internal/..."}, modules: testModules},

		".": {own: []string{"driver", "codec", "memory", "dummy", "internal/..."}},

		"cmd": {
			own: []string{".", "celery", "celery/py", "codec", "driver", "memory", "dummy", "sqlite", "redis", "memcached", "internal/..."},
			modules: []string{
				"github.com/alecthomas/kong",
				"github.com/jedib0t/go-pretty/v6",
				"github.com/vbauerster/mpb/v8",
				"golang.org/x/term",
			},
		},
		"scripts": {},
	}
)

// testModules are for tests, of any package, which may also import every package of this module.
var testModules = []string{
	"github.com/anishathalye/porcupine",
	"github.com/google/go-cmp",
	"go.uber.org/goleak",
	"pgregory.net/rapid",
}

// behind are the modules that the ones above bring along.
var behind = map[string][]string{
	"github.com/jedib0t/go-pretty/v6": {
		"github.com/mattn/go-runewidth",
		"github.com/rivo/uniseg",
		"golang.org/x/sys",
		"golang.org/x/term",
		"golang.org/x/text",
	},
	"github.com/vbauerster/mpb/v8": {
		"github.com/VividCortex/ewma",
		"github.com/acarl005/stripansi",
		"github.com/mattn/go-runewidth",
		"github.com/rivo/uniseg",
		"golang.org/x/sys",
	},
	"github.com/redis/rueidis": {"golang.org/x/sys"},
	"github.com/tinylib/msgp":  {"github.com/philhofer/fwd"},
	"golang.org/x/term":        {"golang.org/x/sys"},
	"modernc.org/sqlite": {
		"github.com/dustin/go-humanize",
		"github.com/google/uuid",
		"github.com/mattn/go-isatty",
		"github.com/ncruces/go-strftime",
		"github.com/remyoudompheng/bigfft",
		"golang.org/x/sys",
		"modernc.org/libc",
		"modernc.org/mathutil",
		"modernc.org/memory",
	},
}
