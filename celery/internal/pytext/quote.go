package pytext

import "unicode/utf16"

const lowerHex = "0123456789abcdef"

// AppendQuoted appends s as json.dumps writes it: ASCII only, with DEL among what is escaped.
func AppendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		if s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		r, n := DecodeRune(s[i:])
		b = appendEscape(b, r)
		i += n
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

var escaped = [128]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

func appendEscape(b []byte, r rune) []byte {
	if r < 0x80 && escaped[r] != 0 {
		return append(b, '\\', escaped[r])
	}
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendHex(appendHex(b, high), low)
	}
	return appendHex(b, r)
}

func appendHex(b []byte, r rune) []byte {
	return append(b, '\\', 'u', lowerHex[r>>12&15], lowerHex[r>>8&15], lowerHex[r>>4&15], lowerHex[r&15])
}
