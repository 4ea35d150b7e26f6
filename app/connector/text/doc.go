// Package text counts, finds and reads what stands in a post's text, the same way here and in the browser:
// testdata/vectors.json holds the cases that both must pass.
//
// Count says how long a platform finds a text. Find gives links, mentions and tags with their offsets in bytes, runes
// and UTF-16 units. Parse reads the little Markdown that rich platforms get and gives plain words with marks.
//
// Caveats: grapheme clusters follow Unicode 15.0, as the segmentation library does; some Indic conjuncts are one cluster
// since 15.1 and count as two here. A link needs its http:// or https://.
//
// Why scanning by hand instead of regular expressions: Go's have no look-behind, JavaScript's differ, and the two ports
// must agree to the letter.
package text
