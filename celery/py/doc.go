// Package py is Python's plain values in Go: what a Celery task returns, whichever serializer
// carried it.
//
// A [Value] is one such value. It comes from Go ([Of]), from JSON text ([FromJSON]) or from one of
// Celery's serializers, and goes to Go ([Value.Decode], [Value.Any]), to JSON ([Value.JSON]) or
// to a serializer. A value that was read from JSON keeps its text byte for byte and is parsed when
// somebody looks: storing it again or printing it changes nothing, neither the order of its keys
// nor the digits of its numbers.
//
// # What becomes what
//
//	Python             in the tree of Any     from Go with Of
//	None               nil                    nil, a nil pointer, map, slice or interface
//	bool               bool                   bool
//	int                int64, *big.Int        every integer type, *big.Int, json.Number
//	float              float64                float32, float64
//	str                string                 string, encoding.TextMarshaler
//	bytes              []byte                 []byte
//	list               List                   slices, arrays, List
//	tuple              Tuple                  Tuple
//	set                Set                    Set
//	dict               *Dict                  maps (keys sorted), structs (json tags), *Dict
//	datetime           Datetime               time.Time (with its offset), Datetime
//	date, time         Date, Time             Date, Time
//	decimal.Decimal    Decimal                Decimal
//	uuid.UUID          UUID                   UUID
//	an exception       *Instance              *Instance
//	a class            Class                  Class
//
// A Python str may hold half of a surrogate pair, which no valid UTF-8 can. Such a half is kept as
// the three bytes that UTF-8 would need for it, and is written back as it was.
//
// # For other formats
//
// [FromTree], [Value.Tree] and [Hashable] are for packages that read or write another format than JSON,
// [FieldReader] with [ReadFields], [ReadList] and [Value.ReadFields] for those that read an object without a
// list of its items. Nobody else needs them.
package py
