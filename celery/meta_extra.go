package celery

import "github.com/larder-go/larder/celery/py"

// fewFields is up to how many fields are looked through; for more there is a map. A result of Celery's has
// none that it would be needed for, but anybody may store one with as many as a value has room for.
const fewFields = 16

// fieldSet finds a name in a list of fields that only grows, the first one of that name. The zero value is
// for any list.
type fieldSet struct {
	places map[string]int
	known  int // how many fields of the list are in places
}

func (s *fieldSet) get(fields py.Fields, name string) (place int, found bool) {
	if len(fields) <= fewFields {
		for i := range fields {
			if fields[i].Name == name {
				return i, true
			}
		}
		return 0, false
	}
	if s.places == nil {
		s.places = make(map[string]int, len(fields))
	}
	for ; s.known < len(fields); s.known++ {
		if _, twice := s.places[fields[s.known].Name]; !twice {
			s.places[fields[s.known].Name] = s.known
		}
	}
	place, found = s.places[name]
	return place, found
}

// pick is those of the fields that are named, in the order of the names.
func (s *fieldSet) pick(fields py.Fields, names []py.Value) (picked py.Fields) {
	for _, name := range names {
		if at, found := s.get(fields, str(name)); found {
			picked = append(picked, fields[at])
		}
	}
	return picked
}
