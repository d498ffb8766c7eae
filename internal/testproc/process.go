package testproc

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
)

// Process is a program that runs, its output appended to a file.
type Process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended and was waited for
}

// Launch starts a program. One goroutine stays with it until it ends.
func Launch(output string, args ...string) (*Process, error) {
	log, err := os.OpenFile(output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: exec.Command(args[0], args[1:]...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	dieWithParent(p.cmd)
	started := make(chan error, 1)
	go p.attend(log, started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// attend starts the process and waits for it on one thread: Linux ends a process that asked for dieWithParent
// already when the thread that started it ends.
func (p *Process) attend(log *os.File, started chan<- error) {
	pprof.SetGoroutineLabels(context.Background()) // it outlives the test that has started it
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer func() { _ = log.Close() }()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // how it ended is in its log
	close(p.exited)
}

// Pid is its id, also when it has ended.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Running tells whether it has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Kill ends the process at once, also a frozen one, and returns when it is gone. One that is gone already is fine.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}
