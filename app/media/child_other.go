//go:build !linux

package media

// limitMemory leaves it to the collector's limit: these systems have no bound that the runtime survives.
func limitMemory(uint64) {}
