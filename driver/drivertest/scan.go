package drivertest

// scan returns the keys that begin with prefix, without the prefix of the run.
func (e *env) scan(prefix string) []string {
	e.Helper()
	var keys []string
	for k, err := range e.scanner.Scan(e.ctx, e.k(prefix)) {
		if err != nil {
			e.Fatalf("Scan %q: %v", e.k(prefix), err)
		}
		if len(k) < len(e.prefix) || k[:len(e.prefix)] != e.prefix {
			e.Fatalf("Scan %q yields %s", e.k(prefix), brief(k))
		}
		keys = append(keys, k[len(e.prefix):])
	}
	return keys
}
