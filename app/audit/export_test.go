package audit

import "github.com/omniposto/omniposto/store"

// RecordsForTests lets tests change what nothing in the product changes.
func RecordsForTests() *store.Table[Record] { return &records }

// LeafBytesForTests writes an event as the first of the instance's log.
var LeafBytesForTests = leafBytes
