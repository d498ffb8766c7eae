package serial

import (
	"regexp"
	"strings"

	"github.com/larder-go/larder/celery/internal/pytext"
)

// PyYAML writes a half of a surrogate pair as \uD800 and reads it so; the parser here refuses it. Before it sees them, the halves
// are moved by halvesMove into a block of private characters that the document does not use, and back where a scalar is read. The
// escapes keep their length, so that places in the text stay what they are.
const (
	halvesMove   = 0x1000
	firstMoved   = 0xd800 + halvesMove
	lastMoved    = 0xdfff + halvesMove
	escapeLetter = 'E' - 'D' // from the D of a half to the E of where it is moved
)

// halfEscape finds what may be such an escape: backslashes, of which the last counts if their number is odd.
var (
	halfEscape  = regexp.MustCompile(`\\+(?:u|U0000)[dD][89a-fA-F]`)
	movedEscape = regexp.MustCompile(`\\+(?:u|U0000)[eE][89a-fA-F]`)
	movedText   = regexp.MustCompile(`[\x{e800}-\x{efff}]`)
)

// hideHalves moves the halves in data, if there are any and their place is free.
func hideHalves(data []byte) ([]byte, bool) {
	if !halfEscape.Match(data) || movedEscape.Match(data) || movedText.Match(data) {
		return data, false
	}
	return halfEscape.ReplaceAllFunc(data, func(escape []byte) []byte { return moveEscape(escape, escapeLetter) }), true
}

// moveEscape changes an escape's digit in a copy, unless the last backslash is only a backslash.
func moveEscape(escape []byte, by int) []byte {
	slashes := strings.LastIndexByte(string(escape), '\\') + 1
	if slashes%2 == 0 {
		return escape
	}
	moved := []byte(string(escape))
	moved[len(moved)-2] = byte(int(moved[len(moved)-2]) + by)
	return moved
}

// showHalves is the text of a scalar with its halves moved back. Only in double quotes were they escapes; elsewhere they are the
// letters that they look like.
func showHalves(text string, escapes bool) string {
	if !escapes {
		return movedEscape.ReplaceAllStringFunc(text, func(e string) string { return string(moveEscape([]byte(e), -escapeLetter)) })
	}
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r >= firstMoved && r <= lastMoved {
			r -= halvesMove
		}
		b = pytext.AppendRune(b, r)
	}
	return string(b)
}
