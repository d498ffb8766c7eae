// Package serial is the serializers of Celery: json, yaml, msgpack and pickle. Each reads what
// Python programs wrote and writes the bytes that they would have written.
//
// Reading never runs, names or imports anything, never panics, and takes memory in proportion to
// the input: bombs of aliases, lengths and nesting are refused with an error that wraps
// [py.ErrMalformed] and says where.
package serial
