//go:build race

package publish

// raceOn: the race detector makes everything ten times slower.
const raceOn = true
