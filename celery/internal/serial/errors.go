package serial

import (
	"fmt"

	"github.com/larder-go/larder/celery/py"
)

// malformed is a py.MalformedError whose What is formatted.
func malformed(format string, offset int, what string, args ...any) error {
	return &py.MalformedError{Format: format, Offset: offset, What: fmt.Sprintf(what, args...)}
}

// refuse is an error that wraps py.ErrUnencodable.
func refuse(what string, args ...any) error {
	return fmt.Errorf("%w: %s", py.ErrUnencodable, fmt.Sprintf(what, args...))
}
