package larder_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// children are what this program does instead of its tests when a variable of the environment tells it to: tests of several processes
// start it again.
var children = map[string]func(task string) error{}

// rueidis' clients of clusters leave a goroutine behind that has put off a look at who is who; it ends by itself within a second.
func TestMain(m *testing.M) {
	for variable, work := range children {
		if task := os.Getenv(variable); task != "" {
			if err := work(task); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1"))
}
