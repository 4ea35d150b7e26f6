// Package secret keeps what must never be read: Text is a plain secret in memory that nothing prints, Sealed is a
// secret at rest, and Keeper turns one into the other.
//
// master key → data key (one per owner and purpose) → secret. The sealed form is
//
//	op1.<data key id>.<alg>.<nonce>.<ciphertext>
//
// with alg 1 = XChaCha20-Poly1305 and a random 24-byte nonce. The additional data names purpose, owner, workspace, kind
// and id of the record, field and version of the form, each with its length before it: a ciphertext moved to another
// row, field or owner doesn't open.
//
// Why a key per owner and purpose: deleting it makes everything sealed under it unreadable at once; after a restore
// of an older backup too, by the tombstones (tombstone.go). Data key ids stand in the form, so that both levels can be rotated while
// older ciphertexts still open.
//
// Both levels are rotated while the server runs (rotate.go). The master key comes from one place (source.go); behind a
// key service it is opened once at the start and then lies in memory, because no transaction may wait for a network.
//
// Caveats: a backup needs the master key of its time, so a retired one is kept beside the new one until its backups are
// gone. Whoever holds both the disk and the master key can open secrets. That is why the key should be moved to a
// credential store.
package secret
