package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof says that an entry is in the log that a checkpoint is of. As a text it is a tlog-proof of C2SP, and ends with the checkpoint as it was signed.
type Proof struct {
	Index      int64
	Hashes     tlog.RecordProof
	Checkpoint Checkpoint
	signed     []byte
}

const proofLine = "c2sp.org/tlog-proof@v1"

// Prove makes a proof of an entry in the log that a signed checkpoint is of. It has only hashes that fit the checkpoint.
func Prove(ctx context.Context, log Log, signed []byte, index int64) (*Proof, error) {
	c, err := ParseCheckpoint(signed)
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= c.Size {
		return nil, fmt.Errorf("there is no entry %d: the checkpoint has %d", index, c.Size)
	}
	hashes, err := tlog.ProveRecord(c.Size, index, Hashes(ctx, log, c.Tree()))
	if err != nil {
		return nil, fmt.Errorf("proving entry %d: %w", index, err)
	}
	return &Proof{Index: index, Hashes: hashes, Checkpoint: c, signed: signed}, nil
}

// Text is the proof as OpenProof reads it.
func (p *Proof) Text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nindex %d\n", proofLine, p.Index)
	for _, h := range p.Hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteString("\n")
	b.Write(p.signed)
	return []byte(b.String())
}

// ErrProof says that a text is no proof.
var ErrProof = errors.New("it is no proof")

// mostHashes is how many a proof has at most: a log has less than 2^63 entries.
const mostHashes = 63

// OpenProof reads a proof whose checkpoint one of the keys has signed.
func OpenProof(text []byte, keys note.Verifiers) (*Proof, error) {
	head, signed, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != proofLine {
		return nil, fmt.Errorf("%w: expected a first line %q, and an empty line before the checkpoint", ErrProof, proofLine)
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	p := &Proof{signed: []byte(signed)}
	if len(lines) == 0 || len(lines) > 1+mostHashes {
		return nil, fmt.Errorf("%w: it has no index, or too many hashes", ErrProof)
	}
	index, _ := strings.CutPrefix(lines[0], "index ")
	var err error
	if p.Index, err = strconv.ParseInt(index, 10, 64); err != nil || "index "+strconv.FormatInt(p.Index, 10) != lines[0] || p.Index < 0 {
		return nil, fmt.Errorf("%w: its index is %.40q", ErrProof, lines[0])
	}
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != tlog.HashSize {
			return nil, fmt.Errorf("%w: %.60q is no hash", ErrProof, line)
		}
		p.Hashes = append(p.Hashes, Hash(h))
	}
	p.Checkpoint, err = OpenCheckpoint(p.signed, keys)
	return p, err
}

// Holds reports whether an entry, as it is stored, is the one of the proof.
func (p *Proof) Holds(entry []byte) error {
	c := &p.Checkpoint
	if p.Index >= c.Size {
		return fmt.Errorf("%w: there is no entry %d among %d", ErrProof, p.Index, c.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, HashOf(entry)); err != nil {
		return fmt.Errorf("entry %d is not in the log of the checkpoint: %w", p.Index, err)
	}
	return nil
}
