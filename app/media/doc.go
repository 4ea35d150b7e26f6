// Package media keeps files: it takes an upload into quarantine, finds out by its content what it is, checks and cleans
// it, makes what screens show, and gives it to publishing.
//
// An upload is a row of pieces, each an object of the storage that is written once; its offset is the sum of the pieces
// that the store knows. So it can be resumed on any node, and a lost connection costs the piece under way at most. When
// all bytes are there, the asset is checking: kind by content and by decoding all of it, bounds, metadata gone, then
// ready or refused. Posts may name an asset from its first byte; what OnSettled was given runs in the transaction that
// makes it ready or refused, so that deliveries leave waiting_media with it.
//
// What is stored as the original isn't what came: images are encoded anew (a picture's second nature as something else,
// EXIF, XMP and the place it was taken are gone; its orientation and colours are applied), AVIF and HEIC become JPEG or,
// with transparency, PNG, because few platforms take them. Films keep their streams byte for byte; boxes and
// elements that may hold places, names or times are overwritten in place, which moves nothing.
//
// Every JPEG, PNG and GIF of up to 4 million pixels is decoded here, two at a time. Everything larger, and every AVIF,
// HEIC, WebP, transparent PNG and picture with a colour profile is decoded in a child process of the same binary with
// a memory and a time limit, one at a time (ChildMain). A file that kills its decoder is refused, not tried for ever.
//
// # Caveats
//
// Films aren't decoded: their headers are read and must make sense. What a camera hides inside the video stream itself
// (SEI messages) stays. A PDF is taken as it came, where it is asked for. APNG keeps its first picture, AVIF sequences too.
// HEIC loses transparency, which its decoder doesn't give.
// Renditions of films need a decoder that we don't have; they show without one.
//
// # Why
//
// Pieces and not S3's own multipart uploads: those can't be read before they are complete, need parts of 5 MiB or more,
// and the folder would need a second way. Patches and not a new container for films: every offset in the file stays true,
// and a gigabyte streams through a few megabytes of memory. 4 million pixels and not 12, the first plan: two photographs
// of a telephone turned upright at once took 400 MiB, and the whole server should live in 256. Decided 2026-09.
package media
