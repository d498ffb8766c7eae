package celery

import "github.com/larder-go/larder/celery/internal/serial"

// succeeded tells whether what is stored is SUCCESS, as Celery's writer reads it: nothing but the status
// counts. Programs with another result_serializer may share the backend, so what ours cannot read is tried
// with the others, pickle too: to read it runs nothing. What none can read is no SUCCESS, and may be
// replaced, which Celery's writer never does.
func (r *Results) succeeded(old []byte) bool {
	status, known := statusIn(r.serial, old)
	for i := 0; !known && i < len(serialNames); i++ {
		s, err := serial.Reading(serialNames[i], r.compat)
		if err == nil && s.Name() != r.serial.Name() {
			status, known = statusIn(s, old)
		}
	}
	return status == Success
}

// serialNames are all serializers; YAML, which takes nearly every text for something, is the last.
var serialNames = []string{"json", "pickle", "msgpack", "yaml"}

// statusIn is the status of what is stored, if s can read it and there is one.
func statusIn(s serial.Serializer, raw []byte) (status State, known bool) {
	fields, err := s.Fields(raw)
	if err != nil {
		return "", false
	}
	v, known := fields.Get(fieldStatus)
	text, _ := textOf(v)
	return State(text), known
}
