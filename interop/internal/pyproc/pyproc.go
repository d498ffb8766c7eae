// Package pyproc talks to a Python program that answers commands: one JSON object on a line of its stdin, and one on a
// line of its stdout for each, in any order.
package pyproc

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// answerLimit is far more than anything takes: a program that hangs fails one test, not the whole run by its
	// time-out.
	answerLimit = time.Minute
	// endLimit is how long a program may take to end when its input has.
	endLimit = 10 * time.Second
)

// Process is a running program. Ask may be called concurrently.
type Process struct {
	cmd *exec.Cmd
	ids atomic.Int64

	mu      sync.Mutex
	stdin   io.WriteCloser
	waiting map[int64]chan Reply
	gone    error // why no more answers come
}

// Command is what is sent; Ask adds its "id".
type Command map[string]any

// Reply is what came of a command: a value or an exception.
type Reply struct {
	ID     int64   `json:"id"`
	JSON   *string `json:"json"`  // nil: the value has no such form
	Bytes  []byte  `json:"bytes"` // of a bytes object
	Repr   string  `json:"repr"`
	Raises string  `json:"raises"` // the exception's type
	Text   string  `json:"text"`   // and its text
}

// Exception is the type and the text of what was raised, or empty.
func (r Reply) Exception() string {
	if r.Raises == "" {
		return ""
	}
	return r.Raises + ": " + r.Text
}

// Start starts a program. Its stderr is this one's if the command says nothing else.
func Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	p := &Process{cmd: cmd, waiting: map[int64]chan Reply{}}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go p.listen(stdout)
	return p, nil
}

// Stop lets the program end at the end of its input.
func (p *Process) Stop() {
	_ = p.stdin.Close()
	timer := time.AfterFunc(endLimit, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait()
}

func (p *Process) listen(stdout io.Reader) {
	in := bufio.NewReader(stdout)
	for {
		line, err := in.ReadBytes('\n')
		var r Reply
		if err == nil {
			err = json.Unmarshal(line, &r)
		}
		if err != nil {
			p.end(fmt.Errorf("%s does not answer any more: %w", p.cmd.Path, err))
			return
		}
		p.mu.Lock()
		answer := p.waiting[r.ID]
		delete(p.waiting, r.ID)
		p.mu.Unlock()
		answer <- r
	}
}

func (p *Process) end(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = why
	for _, answer := range p.waiting {
		close(answer)
	}
	clear(p.waiting)
}

// Ask sends a command and waits for its answer. The answer's exception is no error.
func (p *Process) Ask(c Command) (Reply, error) {
	id := p.ids.Add(1)
	c["id"] = id
	line, err := json.Marshal(c)
	if err != nil {
		return Reply{}, err
	}
	answer, err := p.send(id, line)
	if err != nil {
		return Reply{}, err
	}
	select {
	case r, alive := <-answer:
		if !alive {
			return r, p.gone
		}
		return r, nil
	case <-time.After(answerLimit):
		return Reply{}, fmt.Errorf("no answer within %v to %s", answerLimit, line)
	}
}

func (p *Process) send(id int64, line []byte) (<-chan Reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone != nil {
		return nil, p.gone
	}
	answer := make(chan Reply, 1)
	p.waiting[id] = answer
	_, err := p.stdin.Write(append(line, '\n'))
	return answer, err
}
