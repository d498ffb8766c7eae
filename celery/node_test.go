package celery

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/larder-go/larder/celery/py"
)

func readNode(text string) (Node, error) {
	v, err := py.FromJSON([]byte(text))
	if err != nil {
		return Node{}, err
	}
	return NodeOf(v)
}

func TestNodeReads(t *testing.T) {
	parent := Task("p")
	for text, want := range map[string]Node{
		`[["a", null], null]`: Task("a"),
		`["a", null]`:         Task("a"),
		`[["a", []], null]`:   Task("a"),
		`[["g", null], []]`:   Group("g"),
		`[["g", null], [[["a", null], null], ["b", null]]]`: Group("g", "a", "b"),
		`[["a", [["p", null], null]], null]`:                {ID: "a", Parent: &parent},
		`[["g", ["p", null]], [["a", null]]]`:               {ID: "g", Parent: &parent, Group: true, Nodes: []Node{Task("a")}},
	} {
		got, err := readNode(text)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v, %v", text, err, cmp.Diff(want, got))
		}
	}
}

func TestNodeRefuses(t *testing.T) {
	for _, text := range []string{
		`null`, `"a"`, `"ab"`, `1`, `{}`, `{"a": 1, "b": 2}`, `[]`, `["a"]`, `["a", null, null]`, `[null, null]`, `[1, null]`, `["", null]`,
		`[["a"], null]`, `[["a", null, null], null]`, `[["a", "p"], null]`, `["g", ["a", "b"]]`, `["g", "ab"]`, `["g", {"a": null}]`, `["g", [null]]`,
		`["g", [[["a", null], [1]]]]`,
	} {
		if n, err := readNode(text); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s is %v, %v", text, n, err)
		}
	}
}

func TestNodeTasks(t *testing.T) {
	n := Group("g", "a", "b")
	n.Nodes = append(n.Nodes, Group("inner", "c"), Group("empty"), Task("d"))
	if got, want := n.Tasks(), []string{"a", "b", "c", "d"}; !slices.Equal(got, want) {
		t.Errorf("tasks %v, want %v", got, want)
	}
	if got := Task("a").Tasks(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("a task's tasks are %v", got)
	}
}

// nodes draws nodes that are not too deep.
func nodes(depth int) *rapid.Generator[Node] {
	return rapid.Custom(func(t *rapid.T) Node {
		n := Node{ID: rapid.StringN(1, 8, -1).Draw(t, "id")}
		if depth == 0 {
			return n
		}
		if rapid.Bool().Draw(t, "has a parent") {
			p := nodes(depth-1).Draw(t, "parent")
			n.Parent = &p
		}
		if n.Group = rapid.Bool().Draw(t, "is a group"); n.Group {
			n.Nodes = rapid.SliceOfN(nodes(depth-1), 0, 3).Draw(t, "nodes")
		}
		return n
	})
}

func TestNodeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := nodes(3).Draw(t, "node")
		v, err := py.Of(want.tuple())
		if err != nil {
			t.Fatal(err)
		}
		got, err := readNode(string(v.JSON()))
		if err != nil || !cmp.Equal(got, want) {
			t.Fatalf("%s: %v, %s", v.JSON(), err, cmp.Diff(want, got))
		}
	})
}

// TestVectorsReturned: what tasks that returned a result or a group have stored is that, and is written so
// again. What real readers were given for groups is in TestVectorsGroups, which reads nodes too.
func TestVectorsReturned(t *testing.T) {
	read := map[bool]int{} // groups and others
	for _, v := range vectors(t, "children_groups") {
		kind, returned := strings.CutPrefix(v.Case, "children/ret_")
		if !returned || !strings.HasPrefix(v.Key, string(taskKey)) || v.Serializer == "pickle" {
			continue
		}
		fields, err := v.serial(t).Fields(v.value())
		must(t, err)
		stored, _ := fields.Get(fieldResult)
		n, err := NodeOf(stored)
		must(t, err)
		if isGroup := strings.HasPrefix(kind, "group"); n.Group != isGroup || n.ID == "" || isGroup && len(n.Tasks()) != 2 {
			t.Errorf("%s: %+v", v.name(), n)
		}
		again, err := py.Of(n.tuple())
		if must(t, err); string(again.JSON()) != string(stored.JSON()) {
			t.Errorf("%s: %s, want %s", v.name(), again.JSON(), stored.JSON())
		}
		read[n.Group]++
	}
	if read[true] < 5 || read[false] < 5 {
		t.Errorf("only %v were read", read)
	}
}
