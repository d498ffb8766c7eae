// Package breaker keeps a server that does not answer from costing every call its time-out.
//
// It is closed while calls are answered. After [Threshold] calls in a row without an answer it opens: calls fail at
// once, and so does everything that waits for them. When a pause is over, exactly one call is let through to
// probe; its answer closes the breaker, its failure begins a longer pause.
//
//	t, err := b.Begin()
//	if err != nil {
//		return err // an *OpenError
//	}
//	reply, err := ask(ctx)
//	switch {
//	case answered(err):
//		b.Answered(t)
//	case gaveUpEarly(ctx):
//		b.GaveUp(t)
//	default:
//		b.Failed(t, err)
//	}
package breaker
