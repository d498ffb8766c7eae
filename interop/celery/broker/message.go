package broker

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/larder-go/larder/celery/py"
)

// Message is a task to run.
type Message struct {
	ID   string
	Task string // its name: "shop.tasks.charge"

	Args   []py.Value
	Kwargs map[string]py.Value

	GroupID    string // of the group or chord that it is a part of, or empty
	GroupIndex *int   // its place there; nil: unknown
	RootID     string // the task that all has begun with; empty: this one
	ParentID   string // the task that has started it, or empty
	Retries    int

	Embed Embed
}

// Embed is what is to be done when the task has ended.
type Embed struct {
	Callbacks []Signature `json:"callbacks"` // started with its value
	Errbacks  []Signature `json:"errbacks"`  // for its failure
	Chain     []Signature `json:"chain"`     // what follows in a chain: the next one is the last
	Chord     *Signature  `json:"chord"`     // the body of the chord whose header the task is in
}

func (e Embed) full() Embed {
	return Embed{fullList(e.Callbacks), fullList(e.Errbacks), fullList(e.Chain), fullOptional(e.Chord)}
}

// headers are those of protocol 2 that are of use here.
type headers struct {
	Lang       string  `json:"lang"`
	Task       string  `json:"task"`
	ID         string  `json:"id"`
	RootID     string  `json:"root_id"`
	ParentID   *string `json:"parent_id"`
	Group      *string `json:"group"`
	GroupIndex *int    `json:"group_index"`
	Retries    int     `json:"retries"`
	ETA        *string `json:"eta"`
	Expires    *string `json:"expires"`
	TimeLimit  [2]*int `json:"timelimit"`
	ArgsRepr   string  `json:"argsrepr"`
	KwargsRepr string  `json:"kwargsrepr"`
	Origin     string  `json:"origin"`
}

// envelope is what kombu has in Redis.
type envelope struct {
	Body            []byte     `json:"body"` // as body_encoding says: base64
	ContentEncoding string     `json:"content-encoding"`
	ContentType     string     `json:"content-type"`
	Headers         headers    `json:"headers"`
	Properties      properties `json:"properties"`
}

type properties struct {
	CorrelationID string       `json:"correlation_id"`
	DeliveryMode  int          `json:"delivery_mode"`
	DeliveryInfo  deliveryInfo `json:"delivery_info"`
	Priority      int          `json:"priority"`
	BodyEncoding  string       `json:"body_encoding"`
	DeliveryTag   string       `json:"delivery_tag"`
}

type deliveryInfo struct {
	Exchange   string `json:"exchange"`
	RoutingKey string `json:"routing_key"`
}

const contentType = "application/json"

var errMessage = errors.New("not a message of protocol 2 in JSON")

// encode is the message as kombu's Redis transport has it in a queue's list.
func (m Message) encode(queue string) ([]byte, error) {
	args, kwargs, body, err := m.body()
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{
		Body: body, ContentEncoding: "utf-8", ContentType: contentType,
		Headers: headers{
			Lang: "go", Task: m.Task, ID: m.ID, RootID: either(m.RootID, m.ID), ParentID: optional(m.ParentID),
			Group: optional(m.GroupID), GroupIndex: m.GroupIndex, Retries: m.Retries,
			ArgsRepr: args.Repr(), KwargsRepr: kwargs.Repr(), Origin: "go",
		},
		Properties: properties{
			CorrelationID: m.ID, DeliveryMode: 2, DeliveryInfo: deliveryInfo{RoutingKey: queue}, BodyEncoding: "base64", DeliveryTag: newID(),
		},
	})
}

// body is [args, kwargs, embed]. Package py writes it, for the types that Python's JSON has and Go's has not.
func (m Message) body() (args, kwargs py.Value, body []byte, err error) {
	if args, err = py.Of(append([]py.Value{}, m.Args...)); err != nil {
		return args, kwargs, nil, err
	}
	named := m.Kwargs
	if named == nil {
		named = map[string]py.Value{}
	}
	if kwargs, err = py.Of(named); err != nil {
		return args, kwargs, nil, err
	}
	all, err := py.Of([]any{args, kwargs, m.Embed.full()})
	return args, kwargs, all.JSON(), err
}

func decode(text []byte) (Message, error) {
	var e envelope
	if err := json.Unmarshal(text, &e); err != nil {
		return Message{}, fmt.Errorf("%w: %w", errMessage, err)
	}
	h := e.Headers
	if e.ContentType != contentType || e.Properties.BodyEncoding != "base64" || h.ID == "" || h.Task == "" {
		return Message{}, fmt.Errorf("%w: %.200q", errMessage, text)
	}
	m := Message{
		ID: h.ID, Task: h.Task, RootID: h.RootID, ParentID: plain(h.ParentID), GroupID: plain(h.Group), GroupIndex: h.GroupIndex, Retries: h.Retries,
	}
	if err := m.readBody(e.Body); err != nil {
		return Message{}, fmt.Errorf("%w: task %q: %w", errMessage, m.ID, err)
	}
	return m, nil
}

func (m *Message) readBody(text []byte) error {
	body, err := py.FromJSON(text)
	if err != nil {
		return err
	}
	parts, err := body.Items()
	if err != nil {
		return err
	}
	if len(parts) != 3 {
		return fmt.Errorf("the body has %d parts, not 3", len(parts))
	}
	return errors.Join(parts[0].Decode(&m.Args), parts[1].Decode(&m.Kwargs), parts[2].Decode(&m.Embed))
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func plain(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
