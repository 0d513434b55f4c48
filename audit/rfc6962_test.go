package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// What follows reads a log as RFC 6962 and the texts of C2SP say, and knows nothing of this package or of tlog.

// mth is the Merkle Tree Hash of RFC 6962, section 2.1.
func mth(d [][]byte) [32]byte {
	switch len(d) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, d[0]...))
	}
	k := 1
	for k*2 < len(d) {
		k *= 2
	}
	left, right := mth(d[:k]), mth(d[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// foreign reads the files of a log and reports the first thing that is wrong.
func foreign(files fstest.MapFS, public ed25519.PublicKey) error {
	note := string(files["checkpoint"].Data)
	at := strings.LastIndex(note, "\n\n")
	if at < 0 {
		return fmt.Errorf("no signature")
	}
	text, signature := note[:at+1], note[at+2:]
	fields := strings.Fields(signature)
	if len(fields) != 3 || fields[0] != "—" {
		return fmt.Errorf("signature line %q", signature)
	}
	sig, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(sig) != 4+64 || !ed25519.Verify(public, []byte(text), sig[4:]) {
		return fmt.Errorf("the signature is wrong")
	}
	lines := strings.Split(text, "\n")
	size, err := strconv.Atoi(lines[1])
	if err != nil {
		return err
	}
	var entries [][]byte
	for n := 0; n*256 < size; n++ {
		path := fmt.Sprintf("%03d", n%1000)
		if n >= 1000 {
			path = fmt.Sprintf("x%03d/%s", n/1000, path)
		}
		width := min(256, size-n*256)
		if width < 256 {
			path += fmt.Sprintf(".p/%d", width)
		}
		bundle, hashes := files["tile/entries/"+path], files["tile/0/"+path]
		if bundle == nil || hashes == nil {
			return fmt.Errorf("no tile %s", path)
		}
		rest := bundle.Data
		for i := range width {
			if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
				return fmt.Errorf("bundle %s ends", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(rest))
			entries = append(entries, rest[2:end])
			leaf := mth(entries[len(entries)-1:])
			if len(hashes.Data) != 32*width || string(hashes.Data[32*i:][:32]) != string(leaf[:]) {
				return fmt.Errorf("entry %d and its hash differ", len(entries)-1)
			}
			rest = rest[end:]
		}
		if len(rest) > 0 {
			return fmt.Errorf("bundle %s is too long", path)
		}
	}
	if root := mth(entries); lines[2] != base64.StdEncoding.EncodeToString(root[:]) {
		return fmt.Errorf("the root differs")
	}
	return nil
}

// A reader that was written from the specifications alone finds the same root, and the same damage.
func TestAForeignReaderFindsTheSame(t *testing.T) {
	k := testKey(t, 1)
	for _, size := range []int{1, 2, 255, 256, 257, 600} {
		files := logOf(size).files(t, k)
		if err := foreign(files, k.Public()); err != nil {
			t.Errorf("%d entries: %v", size, err)
		}
		if r := verify(t, files, Known{Keys: []string{k.Verifier(testOrigin)}}); !r.OK() {
			t.Errorf("%d entries: %+v", size, r.Lines)
		}
	}
	files := logOf(7).files(t, k)
	for name, f := range files {
		for i := range f.Data {
			f.Data[i] ^= 0x20
			ours := verify(t, files, Known{Keys: []string{k.Verifier(testOrigin)}}).OK()
			if err := foreign(files, k.Public()); err == nil && !strings.HasPrefix(name, CheckpointFile) || ours {
				t.Errorf("byte %d of %s: the foreign reader says %v, ours that it is good: %v", i, name, err, ours)
			}
			f.Data[i] ^= 0x20
		}
	}
}
