package audit

import "github.com/omniposto/omniposto/store"

// RecordsForTests lets tests change what nothing in the product changes.
func RecordsForTests() *store.Table[Record] { return &records }
