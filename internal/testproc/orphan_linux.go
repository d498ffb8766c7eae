package testproc

import (
	"os/exec"
	"syscall"
)

// dieWithParent asks the kernel to end the process when this one ends, however it does: a test that panics or runs
// into its timeout has no clean-up.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
