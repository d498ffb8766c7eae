package main

import "bytes"

// compact appends JSON text without the line breaks between its tokens, and otherwise unchanged. It is for text
// that has been checked: of two numbers on two lines, which are no JSON, it would make one.
func compact(dst, text []byte) []byte {
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return append(dst, text...)
	}
	for i := 0; i < len(text); {
		switch text[i] {
		case '\n', '\r':
			i++
		case '"':
			end := endOfString(text, i)
			dst = append(dst, text[i:end]...)
			i = end
		default:
			dst = append(dst, text[i])
			i++
		}
	}
	return dst
}

// endOfString returns where the string ends that begins at text[i].
func endOfString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
