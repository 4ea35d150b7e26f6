//go:build !race

package conform

// largestFile is the file that must pass without being held.
const largestFile = 256 << 20
