// Package audit is a site's transparency log: what happened, as entries of a Merkle tree (RFC 6962) whose root is signed. Whoever holds a
// signed root, a checkpoint, can tell whether an entry is in the log, and whether any entry before it was changed, removed, moved or added
// since. It does no I/O, has no clock and starts no goroutine: the journal keeps logs, pages and commands show them.
//
// An entry is a JSON object that says what happened, and by a hash which bytes of the journal say the whole of it; see Entry to write and
// Parse to read one. The bytes as they are stored are hashed, and never made anew. What tells of people is committed to with a salt (Seal):
// without the salt, which lies beside the log and can be deleted, nobody can find out what it was, and the log is as whole as before.
//
// To prove something to somebody without the gateway, give him: the stored bytes of the entries, a Proof of each (Prove), which ends with the
// checkpoint, and the key to verify it with (Key.Verifier). For each of them, he calls OpenProof, then Proof.Holds with the entry, and for the
// row of the journal that the entry speaks of Fact.Holds. The whole of a log is verified by Verify, from anything that is a Log: Folder
// reads one from files.
//
// Formats are those of C2SP: tlog-tiles, tlog-checkpoint, tlog-proof, signed-note (https://c2sp.org).
package audit
