package serial

import (
	"math/big"
	"sync"
)

// maxDigits is how many decimal digits an int may have, in every format and notation: Python converts no longer ones to text, so that none
// could be written as JSON or YAML, nor shown.
const maxDigits = 4300

// tooLong tells whether n has more than maxDigits digits.
func tooLong(n *big.Int) bool { return n.BitLen() >= leastBits && n.CmpAbs(leastTooLong()) >= 0 }

// leastBits is the length of the least int that is too long.
const leastBits = 14285

var leastTooLong = sync.OnceValue(func() *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(maxDigits), nil)
})
