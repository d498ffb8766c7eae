package main

import (
	"runtime"
	"runtime/debug"

	"github.com/larder-go/larder/driver"
)

type versionCmd struct{}

func (versionCmd) Help() string {
	return `Prints the version of larder and of the Go that built it.

Example:

    larder version`
}

// Run is called by kong.
func (versionCmd) Run(a *app) error {
	facts := []driver.Fact{{Name: "larder", Value: "unknown"}}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			facts[0].Value = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				facts = append(facts, driver.Fact{Name: "revision", Value: s.Value})
			case "vcs.modified":
				facts = append(facts, driver.Fact{Name: "modified", Value: s.Value == "true"})
			}
		}
	}
	a.answerFacts(append(facts,
		driver.Fact{Name: "go", Value: runtime.Version()},
		driver.Fact{Name: "platform", Value: runtime.GOOS + "/" + runtime.GOARCH}))
	return nil
}
