package keystore_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/larder-go/larder/celery/internal/enginetest"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(rivalVariable); addr != "" {
		if err := rival(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(enginetest.Main(m))
}
