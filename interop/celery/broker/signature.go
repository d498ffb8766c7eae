package broker

import (
	"crypto/rand"
	"fmt"

	"github.com/larder-go/larder/celery/py"
)

// Signature is a task that is to be started later, as it stands in a message.
type Signature struct {
	Task        string              `json:"task"`
	Args        []py.Value          `json:"args"`
	Kwargs      map[string]py.Value `json:"kwargs"`
	Options     Options             `json:"options"`
	SubtaskType *string             `json:"subtask_type"` // nil: a plain task, which is all that is known here
	Immutable   bool                `json:"immutable"`    // it does not want the value of what came before
	ChordSize   *int                `json:"chord_size,omitempty"`
}

// Options say how it is started.
type Options struct {
	TaskID     string      `json:"task_id,omitempty"`
	Queue      string      `json:"queue,omitempty"`
	GroupID    string      `json:"group_id,omitempty"`
	GroupIndex *int        `json:"group_index,omitempty"`
	Chord      *Signature  `json:"chord,omitempty"`
	Link       []Signature `json:"link,omitempty"`
	LinkError  []Signature `json:"link_error,omitempty"`
}

// DefaultQueue is where Celery sends what names no queue.
const DefaultQueue = "celery"

// Message is the message that starts the task with the value of the one before it, and the queue to send it to.
func (s Signature) Message(before Message, value py.Value) (m Message, queue string, err error) {
	if s.SubtaskType != nil {
		return Message{}, "", fmt.Errorf("a signature of the type %q is not known here", *s.SubtaskType)
	}
	args := s.Args
	if !s.Immutable {
		args = append([]py.Value{value}, args...)
	}
	o := s.Options
	return Message{
		ID: either(o.TaskID, newID()), Task: s.Task, Args: args, Kwargs: s.Kwargs,
		GroupID: o.GroupID, GroupIndex: o.GroupIndex, RootID: either(before.RootID, before.ID), ParentID: before.ID,
		Embed: Embed{Callbacks: o.Link, Errbacks: o.LinkError, Chord: o.Chord},
	}, either(o.Queue, DefaultQueue), nil
}

// full has lists where Python wants lists, and would stumble over None.
func (s Signature) full() Signature {
	s.Args = append([]py.Value{}, s.Args...)
	if s.Kwargs == nil {
		s.Kwargs = map[string]py.Value{}
	}
	s.Options.Link, s.Options.LinkError = fullList(s.Options.Link), fullList(s.Options.LinkError)
	s.Options.Chord = fullOptional(s.Options.Chord)
	return s
}

func fullList(list []Signature) []Signature {
	var full []Signature
	for _, s := range list {
		full = append(full, s.full())
	}
	return full
}

func fullOptional(s *Signature) *Signature {
	if s == nil {
		return nil
	}
	full := s.full()
	return &full
}

// newID is an id as Celery makes them: a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
