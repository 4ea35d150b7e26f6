//go:build race

package conform

// largestFile is smaller under the race detector, which makes copying ten times slower.
const largestFile = 24 << 20
