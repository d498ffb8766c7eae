//go:build !race

package serial

// raceEnabled tells whether the race detector is on: with it, pools forget what they are given, and everything is allocated anew.
const raceEnabled = false
