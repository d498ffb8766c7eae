package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/larder-go/larder/codec"
)

// answer prints plain on a line of its own, or nothing if it is empty. With --json it prints the object
// instead, whose members come in pairs of name and value.
func (a *app) answer(plain string, pairs ...any) {
	switch {
	case a.JSON:
		fmt.Fprintf(a.out, "%s\n", object(pairs...))
	case plain != "":
		fmt.Fprintln(a.out, plain)
	}
}

// number is printed in JSON as it stands.
type number string

// object writes a JSON object with its members in order.
func object(pairs ...any) []byte {
	out := []byte{'{'}
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendText(out, pairs[i].(string))
		out = append(out, ':')
		out = appendMember(out, pairs[i+1])
	}
	return append(out, '}')
}

func appendMember(dst []byte, v any) []byte {
	switch v := v.(type) {
	case number:
		return append(dst, v...)
	case []byte: // JSON text
		return compact(dst, v)
	case string:
		return appendText(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	}
	data, err := codec.JSON.Marshal(&v)
	if err != nil {
		return appendText(dst, fmt.Sprint(v))
	}
	return append(dst, data...)
}

// appendText writes a JSON string. What is not UTF-8 in it is replaced.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			data, _ := codec.JSON.Marshal(&s) // a string always encodes
			return append(dst, data...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// keyMember returns the member that says a key in JSON: text if it is UTF-8, else base64.
func keyMember(key string) (name, value string) {
	if utf8.ValidString(key) {
		return "key", key
	}
	return "key_base64", base64.StdEncoding.EncodeToString([]byte(key))
}

// valueMember returns the member that says a value in JSON: itself if it is strict JSON, else base64.
func valueMember(value []byte) (name string, member any) {
	if strictJSON(value) && nests(value) {
		return "value", value
	}
	return base64Value(value)
}

// exactMember is valueMember for a reader who gets the value back to the byte. White space around a value is not a
// part of it there, and a line break in it would be left out.
func exactMember(value []byte) (name string, member any) {
	if bytes.ContainsAny(value, "\r\n") || len(bytes.Trim(value, jsonSpace)) < len(value) {
		return base64Value(value)
	}
	return valueMember(value)
}

func base64Value(value []byte) (name string, member any) {
	return "value_base64", base64.StdEncoding.EncodeToString(value)
}

// jsonDepth is how many levels encoding/json reads.
const jsonDepth = 10_000

// nests tells whether JSON is still JSON one level down.
func nests(value []byte) bool {
	return len(value) < 2*jsonDepth || json.Valid(slices.Concat([]byte{'['}, value, []byte{']'}))
}
