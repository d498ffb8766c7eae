package celery

import (
	"fmt"
	"strings"
	"testing"

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

// TestManyFieldsAreLookedAtOnce: as many as a value has room for take time in proportion to their number.
// Each is entered into the map once, while a result is read and while its stamps are, and nothing else looks
// through them.
func TestManyFieldsAreLookedAtOnce(t *testing.T) {
	r := inMemory(t)
	const n = 30_000
	d := metaDecoder{Meta: &Meta{}}
	must(t, d.takeAll(r.serial.ReadText(manyFields(n))))
	if len(d.Extra) != n+1 || d.more.known != n || len(d.more.places) != n { // the last one has nothing behind it
		t.Errorf("%d fields: %d are known, %d in the map", len(d.Extra), d.more.known, len(d.more.places))
	}
	named, _ := d.Extra.Get(stampedHeaders)
	names, err := named.Items()
	must(t, err)
	var all fieldSet
	if picked := all.pick(d.Extra, names); len(picked) != n || all.known != n+1 || len(all.places) != n+1 {
		t.Errorf("%d of %d names: %d are known, %d in the map", len(picked), n, all.known, len(all.places))
	}
}

// TestManyFieldsAreRead as few are, and of two with one name the later one counts.
func TestManyFieldsAreRead(t *testing.T) {
	r := inMemory(t)
	for _, n := range []int{1, fewFields - 1, fewFields, fewFields + 1, 100} {
		raw := strings.TrimSuffix(manyFields(n), "}") + `,"f0":"later"}`
		m, err := r.read("a", content{text: raw})
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
