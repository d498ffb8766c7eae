package larder_test

import (
	"testing"

	"go.uber.org/goleak"
)

// rueidis' clients of clusters leave a goroutine behind that has put off a look at who is who; it ends by itself within a second.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1"))
}
