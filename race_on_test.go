//go:build race

package larder_test

// raceEnabled tells whether the race detector is on: it allocates, and makes everything slow.
const raceEnabled = true

const linearRounds = 15
