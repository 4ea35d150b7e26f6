// Package store keeps records: an ordered map of byte keys with transactions (Engine), and typed tables with indexes on
// top of it (Table). A noun declares its Table beside its type; the wiring opens one engine and hands *DB to everybody.
//
// What a transaction promises on every engine:
//
//   - Update is serializable. When it returns nil, the change is durable: it survives kill -9 and, as far as the disk
//     tells the truth, power loss. When it returns an error, nothing of it remains, with one exception: ErrBroken means
//     that the outcome is not known and that the process must open the store again.
//   - The function given to Update may run more than once; only its last run counts. No network, mail or channel send in
//     it, and variables it appends to are emptied at its start.
//   - View sees one state, never waits for a writer, and must not be held over a network write: old pages can't be
//     used again before it ends.
//   - Bytes that Get and Scan give belong to the store and are valid until the function returns. Table copies.
//   - Errors while reading or writing are kept (ReadTx.Fail); the first one is what View or Update returns.
//
// # Keys and values
//
// A key is a tuple whose parts are encoded so that byte order is tuple order: text is 02, the bytes with 00 written as
// 00 FF, then 00; an id is 03 and 16 bytes; an integer is 04 and 8 bytes with the sign bit turned; an instant is 05, the
// seconds like an integer, and the nanoseconds in 4 bytes. A record lies at (table, "r", key…), an index entry at
// (table, "i", index, index key…) and holds the record's key.
//
// A value is one version byte and CBOR. Field tags: `cbor:"1,keyasint,omitempty"` where fields come and go (omitzero
// for ids and instants), or a field `_ struct{}` tagged `cbor:",toarray"` for small hot records. A time.Time is written
// as RFC 3339 text in UTC with nanoseconds: the CBOR library's numeric forms are whole seconds or floating point, and
// both lose milliseconds. Hot records keep int64 milliseconds in their own fields.
//
// # Caveats
//
// Update inside the function of an Update waits for itself for ever. Operations get the transaction, never the engine;
// storetest.Guard finds it in tests.
//
// A loop over an index whose body moves records forward in the same index meets them again.
//
// A transaction that inserts many thousand keys side by side is slow on bolt, with the square of their number: take slices
// of a thousand or two.
//
// Damage is found where it is read: each value in a bolt file carries a checksum, the file's size and its meta pages
// are checked when it is opened. A page that is damaged but never read is not found; Check reads everything.
//
// # Why
//
// The seam is small (View, Update, Get, Put, Delete, Scan, Backup, Close) so that a second engine is one folder and not
// one method per noun. Rejected: a store package that knows every record (one method per question, written again for each
// database), and an index entry that lists many records (each write rewrites the list). Decided 2026-11.
package store
