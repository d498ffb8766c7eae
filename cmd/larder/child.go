package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// childGrace is how long a child may take to end when it was asked to.
const childGrace = 5 * time.Second

// runChild runs a command and returns its standard output. Its standard error is ours. When ctx ends, it is asked to
// end too.
func (a *app) runChild(ctx context.Context, argv []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = a.stdin
	cmd.Stderr = a.stderr
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && err != os.ErrProcessDone { //nolint:errorlint // promised bare
			return cmd.Process.Kill() // a system without that signal
		}
		return nil
	}
	cmd.WaitDelay = childGrace
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("%s: %w", argv[0], err)
	}
	return out, nil
}
