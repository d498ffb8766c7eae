package conn

import (
	"testing"

	"pgregory.net/rapid"
)

// TestPieces: the pieces are all of the commands, none is empty, and none is larger than it may be but for one command that is so alone.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 10, pieceBytes / 3, pieceBytes, pieceBytes + 1}), 0, 20).Draw(t, "sizes")
		sizes = append(sizes, make([]int, rapid.SampledFrom([]int{0, pieceCommands - 1, 2 * pieceCommands}).Draw(t, "small ones"))...)
		for len(sizes) > 0 {
			n := piece(len(sizes), func(i int) int { return sizes[i] })
			bytes := 0
			for _, size := range sizes[:n] {
				bytes += size
			}
			if n < 1 || n > pieceCommands || n > 1 && bytes > pieceBytes {
				t.Fatalf("a piece of %d commands, %d bytes", n, bytes)
			}
			if n < len(sizes) && n < pieceCommands && bytes+sizes[n] <= pieceBytes {
				t.Fatalf("a piece of %d commands, %d bytes, and there is room for more", n, bytes)
			}
			sizes = sizes[n:]
		}
	})
}
