package keywait_test

import (
	"os"
	"testing"

	"github.com/larder-go/larder/celery/internal/enginetest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }
