package py

// Compat names the Celery whose bytes are written and whose way of reading is taken.
type Compat int

const (
	// Celery56 is Celery 5.3 to 5.6 (kombu 5.3 and later): dates, times, decimals, UUIDs and bytes
	// are JSON objects with the keys __type__ and __value__. It is the default.
	Celery56 Compat = iota
	// Celery52 is Celery 5.2 (kombu 5.2): these are plain strings, and bytes have no form.
	Celery52
)

// String is "5.6" or "5.2".
func (c Compat) String() string {
	if c == Celery52 {
		return "5.2"
	}
	return "5.6"
}
