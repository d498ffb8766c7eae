//go:build !race

package enginetest

// Race tells whether the race detector is on, with which everything takes several times as long.
const Race = false
