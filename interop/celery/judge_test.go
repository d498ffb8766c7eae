package celery_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
)

// seen is what Python sees of a result (look, in client.py), and what Go sees of the same.
type seen struct {
	State     string `json:"state"`
	Result    string `json:"result"`
	Exception string `json:"exception"`
	Traceback string `json:"traceback"`
	Children  any    `json:"children"`
	Done      string `json:"done"`
	Group     string `json:"group"`
	Parent    string `json:"parent"`
	Name      string `json:"name"`
	Args      string `json:"args"`
	Kwargs    string `json:"kwargs"`
	Worker    string `json:"worker"`
	Retries   int    `json:"retries"`
	Queue     string `json:"queue"`
}

func (s seen) String() string {
	text, _ := json.MarshalIndent(s, "", "  ")
	return string(text)
}

// pythonSees asks Python.
func (s *site) pythonSees(t testing.TB, id string) (got seen) {
	t.Helper()
	s.into(t, &got, "look(id)", vars{"id": id})
	return got
}

func (s *site) sight(t testing.TB, m *celery.Meta) seen {
	t.Helper()
	got := seen{
		State: string(m.Status), Result: m.Result.Repr(), Traceback: m.Traceback, Children: nodes(m.Children), Group: m.GroupID,
		Parent: m.ParentID, Name: m.Name, Args: m.Args.Repr(), Kwargs: m.Kwargs.Repr(), Worker: m.Worker, Retries: m.Retries, Queue: m.Queue,
	}
	if e := m.Exception(); e != nil {
		got.Result, got.Exception = e.Repr(), e.Module+"."+e.Type
	}
	if !m.DateDone.IsZero() {
		got.Done = s.isoformat(m.DateDone)
	}
	return got
}

// isoformat is a date as the site's Celery reads and shows it.
func (s *site) isoformat(t time.Time) string {
	if s.version == "5.2" {
		return py.NaiveOf(t).String()
	}
	return py.DatetimeOf(t).String()
}

// nodes are Python's tuples, as JSON reads them.
func nodes(list []celery.Node) any {
	if list == nil {
		return nil
	}
	all := make([]any, len(list))
	for i, n := range list {
		all[i] = node(n)
	}
	return all
}

func node(n celery.Node) any {
	var parent, children any
	if n.Parent != nil {
		parent = node(*n.Parent)
	}
	if n.Group {
		children = nodes(append([]celery.Node{}, n.Nodes...))
	}
	return []any{[]any{n.ID, parent}, children}
}

// alike wants that both sides see the same, and returns it; or that neither can read it, which is nothing.
// Pickles may be beyond Go alone.
func (s *site) alike(t testing.TB, r *celery.Results, id string) (mine seen) {
	t.Helper()
	m, err := r.Result(t.Context(), id)
	var unread *celery.ReadError
	if errors.As(err, &unread) {
		if reply := s.try(t, "look(id)", vars{"id": id}); reply.Raises == "" && s.serializer != "pickle" {
			t.Errorf("%v; Python sees %s", err, reply.Repr)
		}
		return mine
	}
	ok(t, err)
	mine = s.sight(t, m)
	if theirs := s.pythonSees(t, id); mine.String() != theirs.String() {
		t.Errorf("of %s Go sees\n%s\nand Python\n%s", id, mine, theirs)
	}
	return mine
}
