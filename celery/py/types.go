package py

import (
	"encoding/hex"
	"fmt"
	"strings"
)

type (
	// List is a Python list.
	List []any
	// Tuple is a Python tuple. JSON, yaml and msgpack write it as a list, and read it as one.
	Tuple []any
	// Set is a Python set, which only yaml and pickle carry.
	Set []any
)

// Instance is an exception instance that a pickle holds: what its class is called and what it
// was made with. It is data; nothing is imported, constructed or called.
type Instance struct {
	Module string // as "builtins"
	Name   string // the qualified name, as "Outer.NestedError"
	Args   Tuple
	State  any // the instance's own attributes, a *Dict; nil if it has none
}

// Class is a class that stands among the arguments of an exception in a pickle: its name, no more.
type Class struct{ Module, Name string }

// String is Python's repr: <class 'decimal.Decimal'>, without the module where that is builtins.
func (c Class) String() string {
	if c.Module == "builtins" {
		return "<class '" + c.Name + "'>"
	}
	return "<class '" + c.Module + "." + c.Name + "'>"
}

// Decimal is a decimal.Decimal in the text that Python's str() has for it: "1.10", "1E+3", "NaN".
type Decimal string

// valid tells whether Python's Decimal would take the text.
func (d Decimal) valid() bool {
	s := strings.ToLower(strings.TrimLeft(string(d), "+-"))
	if len(d)-len(s) > 1 {
		return false
	}
	for _, word := range []string{"inf", "infinity"} {
		if s == word {
			return true
		}
	}
	if rest, ok := strings.CutPrefix(strings.TrimPrefix(s, "s"), "nan"); ok {
		return digits(rest) == len(rest)
	}
	return validNumber(s)
}

// validNumber tells whether s is digits, with a point and an exponent perhaps.
func validNumber(s string) bool {
	whole := digits(s)
	s = s[whole:]
	fraction := 0
	if strings.HasPrefix(s, ".") {
		fraction = digits(s[1:])
		s = s[1+fraction:]
	}
	if whole+fraction == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

// digits is the number of decimal digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// UUID is a uuid.UUID.
type UUID [16]byte

// ParseUUID reads the forms that Python's uuid.UUID takes: hexadecimal digits with or without
// hyphens, in braces or after "urn:uuid:".
func ParseUUID(s string) (UUID, error) {
	var u UUID
	plain := strings.ReplaceAll(strings.ReplaceAll(s, "urn:", ""), "uuid:", "")
	plain = strings.ReplaceAll(strings.Trim(plain, "{}"), "-", "")
	if len(plain) != 2*len(u) {
		return UUID{}, fmt.Errorf("%w: %.50q is not a UUID", ErrMismatch, s)
	}
	if _, err := hex.Decode(u[:], []byte(plain)); err != nil {
		return UUID{}, fmt.Errorf("%w: %q is not a UUID", ErrMismatch, s)
	}
	return u, nil
}

// String is the usual form: 12345678-1234-5678-1234-567812345678.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ParseDecimal is the Decimal of a text that Python's Decimal takes.
func ParseDecimal(s string) (Decimal, error) {
	d := Decimal(strings.ReplaceAll(strings.TrimSpace(s), "_", ""))
	if !d.valid() {
		return "", fmt.Errorf("%w: %.50q is not a decimal", ErrMismatch, s)
	}
	return d, nil
}
