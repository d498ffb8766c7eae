// Package pytext is text as Python has it, where a str may hold half of a surrogate pair: here the three
// bytes that UTF-8 would need for it.
package pytext
