package keywait_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/larder-go/larder/celery/internal/enginetest"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(writerVariable); what != "" {
		fmt.Fprintln(os.Stderr, write(what))
		os.Exit(1)
	}
	os.Exit(enginetest.Main(m))
}
