//go:build !unix

package testproc

import "errors"

// Freeze stops the process as it is.
func (p *Process) Freeze() error { return errors.ErrUnsupported }

// Thaw lets it go on.
func (p *Process) Thaw() error { return errors.ErrUnsupported }
