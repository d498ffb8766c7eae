//go:build race

package drivertest

// raceEnabled: the race detector allocates where the code does not.
const raceEnabled = true
