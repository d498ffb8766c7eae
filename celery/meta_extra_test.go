package celery

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/larder-go/larder/celery/py"
)

// manyFields is a result with n stamps.
func manyFields(n int) string {
	var b strings.Builder
	b.WriteString(`{"status":"SUCCESS","result":1`)
	for i := range n {
		fmt.Fprintf(&b, `,"f%d":%d`, i, i)
	}
	b.WriteString(`,"stamped_headers":["f0"`)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, `,"f%d"`, i)
	}
	return b.String() + "]}"
}

// TestManyFieldsTakeTheirTime and no more: ten times as many take about ten times as long, and not a hundred times.
func TestManyFieldsTakeTheirTime(t *testing.T) {
	r := inMemory(t)
	took := func(n int) time.Duration {
		raw, least := manyFields(n), time.Hour
		for range 3 {
			start := time.Now()
			m, err := r.read("a", []byte(raw))
			must(t, err)
			if got := len(m.Stamps()); got != n {
				t.Fatalf("%d stamps of %d", got, n)
			}
			least = min(least, time.Since(start))
		}
		return least
	}
	few, many := took(3_000), took(30_000)
	if many > 40*few {
		t.Errorf("3,000 fields took %v, 30,000 took %v", few, many)
	}
}

// TestManyFieldsAreRead as few are, and of two with one name the later one counts.
func TestManyFieldsAreRead(t *testing.T) {
	r := inMemory(t)
	for _, n := range []int{1, fewFields - 1, fewFields, fewFields + 1, 100} {
		raw := strings.TrimSuffix(manyFields(n), "}") + `,"f0":"later"}`
		m, err := r.read("a", []byte(raw))
		must(t, err)
		stamps := m.Stamps()
		if len(m.Extra) != n+1 || len(stamps) != n || stamps[0].Value.Repr() != "'later'" {
			t.Errorf("%d fields: %d are read, %v", n, len(m.Extra), stamps[:1])
		}
	}
}

// TestFieldSet finds what a look through all fields finds, while the list grows.
func TestFieldSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set fieldSet
		var fields py.Fields
		for range rapid.IntRange(0, 3*fewFields).Draw(t, "n") {
			name := rapid.StringMatching("[a-z]").Draw(t, "name")
			v, want := fields.Get(name)
			at, found := set.get(fields, name)
			if found != want || found && fields[at].Value.Repr() != v.Repr() {
				t.Fatalf("%q of %v: %d, %v", name, fields, at, found)
			}
			own, _ := py.Of(len(fields))
			fields = append(fields, py.Field{Name: name, Value: own})
		}
	})
}
