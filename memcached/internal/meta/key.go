package meta

// MaxKey is the length of the longest key that memcached takes.
const MaxKey = 250

// MaxValue is the length of the longest value that any memcached can be set up for.
const MaxValue = 1 << 30

// Key is the name of an item: Space and Name behind one another. It comes in two parts so that nobody has to join them.
type Key struct{ Space, Name string }

// Len is the length of the whole.
func (k Key) Len() int { return len(k.Space) + len(k.Name) }

// String joins the parts.
func (k Key) String() string { return k.Space + k.Name }

// Legal tells whether text can be a key, or a part of one: not empty, not too long, and without spaces and control
// characters, which would begin another word or another command.
func Legal(text string) bool {
	if text == "" || len(text) > MaxKey {
		return false
	}
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
