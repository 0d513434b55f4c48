package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Known is what who verifies a log has, and did not get from it.
type Known struct {
	// Origin is the name of the log; empty: whatever its checkpoint says.
	Origin string
	// Keys verify its checkpoints (Key.Verifier). The log may announce others, with the signature of one that is known. None: signatures
	// cannot be told from forged ones.
	Keys []string
	// Checkpoints were taken from the log before or since: the log must go on from each that is older.
	Checkpoints [][]byte
}

// State is what is found out about one thing.
type State string

// The states.
const (
	Holds   State = "holds"
	Fails   State = "fails"
	Unknown State = "unknown" // it cannot be told from what is there
)

// Line is one thing that was found out.
type Line struct {
	State State `json:"state"`
	// Entry is the number of the entry that it is about, the first of several; -1: it is about none.
	Entry int64  `json:"entry"`
	Text  string `json:"text"`
}

// Report is what Verify has found.
type Report struct {
	Checkpoint Checkpoint `json:"checkpoint"`
	Lines      []Line     `json:"lines"`
	// Keys are those that are known at the end: those given, and those that the log announced.
	Keys []string `json:"keys"`
	told map[State]int
}

// OK reports whether nothing fails.
func (r *Report) OK() bool { return r.told[Fails] == 0 }

// mostLines is how many lines of a state a report has.
const mostLines = 200

func (r *Report) say(s State, entry int64, format string, args ...any) {
	if r.told == nil {
		r.told = map[State]int{}
	}
	if r.told[s]++; r.told[s] <= mostLines {
		r.Lines = append(r.Lines, Line{s, entry, fmt.Sprintf(format, args...)})
	}
}

// Verify reads the whole of a log and says of each thing whether it holds. each, if it is not nil, is called with each entry that can be read, in order,
// whether or not it holds; it may keep none of it. The error is that of each or of the context: all that is wrong with the log is in the report.
func Verify(ctx context.Context, log Log, known Known, each func(n int64, entry []byte) error) (*Report, error) {
	v := verification{ctx: ctx, log: log, each: each, keys: known.Keys}
	r := &v.Report
	signed, err := log.Checkpoint(ctx)
	if err == nil {
		r.Checkpoint, err = ParseCheckpoint(signed)
	}
	if err != nil {
		r.say(Fails, -1, "the checkpoint cannot be read: %v", err)
		return r, ctx.Err()
	}
	if v.outside, err = outside(known.Checkpoints); err != nil {
		r.say(Fails, -1, "a checkpoint from outside cannot be read: %v", err)
	}
	if known.Origin != "" && known.Origin != r.Checkpoint.Origin {
		r.say(Fails, -1, "the checkpoint is of the log %q, not of %q", r.Checkpoint.Origin, known.Origin)
	}
	if err := v.read(); err != nil {
		return r, err
	}
	v.judge()
	r.Keys = v.keys
	v.signatures("the checkpoint", r.Checkpoint, signed)
	for _, o := range v.outside {
		v.compare(o)
	}
	for _, s := range []State{Holds, Fails, Unknown} {
		if more := r.told[s] - mostLines; more > 0 {
			r.Lines = append(r.Lines, Line{s, -1, fmt.Sprintf("and %d more", more)})
		}
	}
	return r, nil
}

// witnessed is a checkpoint from outside, with what the log had at its size.
type witnessed struct {
	Checkpoint
	signed []byte
	root   Hash // of the log's first entries, as many
}

func outside(texts [][]byte) (all []*witnessed, err error) {
	for _, text := range texts {
		c, e := ParseCheckpoint(text)
		if e != nil {
			err = e
			continue
		}
		all = append(all, &witnessed{Checkpoint: c, signed: text})
	}
	slices.SortStableFunc(all, func(a, b *witnessed) int { return int(min(max(a.Size-b.Size, -1), 1)) })
	return all, err
}

// verification is one in progress.
type verification struct {
	Report
	ctx     context.Context //nolint:containedctx // it lasts as long as the call
	log     Log
	each    func(n int64, entry []byte) error
	keys    []string
	outside []*witnessed
	skimmer skimmer

	entries, hashes Frontier // of the entries, and of what the tiles of hashes say of them
	unreadable      bool     // some entries
	noHashes        bool     // some tiles of hashes
	gone            bool     // neither the entries nor the hashes of the last tile could be read
	differs         []int64  // entries that are not what the tiles say, the first ones
	levels          [][]Hash // of each level above the lowest, the hashes behind its last whole tile
	counts          []int64  // of each of these levels, how many tiles were whole
}

// read goes through all entries and tiles.
func (v *verification) read() error {
	size := v.Checkpoint.Size
	if size == 0 {
		v.witness()
	}
	for first := int64(0); first < size; first += TileWidth {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if err := v.tile(first, EntriesTile(first, size)); err != nil {
			return err
		}
		if v.gone {
			v.say(Fails, first, "what was written from entry %d on, up to %d, is not there", first, size-1)
			break // the size is only what the checkpoint says, and may be anything
		}
	}
	for level := range v.levels {
		v.upper(level)
	}
	return nil
}

// tile goes through the entries of one bundle, which begins with entry first.
func (v *verification) tile(first int64, t tlog.Tile) error {
	want := v.leaves(tlog.Tile{H: TileHeight, L: 0, N: t.N, W: t.W}, first)
	bundle, err := v.log.Tile(v.ctx, t)
	all, rest := split(bundle)
	switch {
	case err != nil:
		v.unreadable = true
		v.say(Fails, first, "entries %d to %d cannot be read: %v", first, first+int64(t.W)-1, err)
		if v.gone = want == nil; v.gone {
			return nil
		}
		all = nil
	case len(rest) > 0 || len(all) != t.W:
		v.unreadable = true
		n := min(len(all), t.W-1)
		for i := range min(len(all), t.W, len(want)) {
			if HashOf(all[i]) != want[i] {
				n = i
				break
			}
		}
		v.say(Fails, first+int64(n), "entry %d is not what was written: from it on the bundle %s cannot be divided", first+int64(n), TilePath(t))
		all = all[:n]
	}
	var own Frontier
	for i := range t.W {
		n := first + int64(i)
		if i < len(want) {
			v.hashes.Append(want[i])
		}
		var h Hash
		switch {
		case i < len(all):
			if h = HashOf(all[i]); i < len(want) && want[i] != h {
				v.differs = append(v.differs, n)
			}
			if err := v.entry(n, all[i]); err != nil {
				return err
			}
		case i < len(want):
			h = want[i]
		}
		own.Append(h)
		v.entries.Append(h)
		v.witness()
	}
	if t.W == TileWidth {
		v.above(0, own.Root())
	}
	return nil
}

// leaves are the hashes of entries as their tile says.
func (v *verification) leaves(t tlog.Tile, first int64) []Hash {
	text, err := v.log.Tile(v.ctx, t)
	if err == nil && len(text) != t.W*tlog.HashSize {
		err = fmt.Errorf("it has %d bytes, expected %d", len(text), t.W*tlog.HashSize)
	}
	if err != nil {
		v.noHashes = true
		v.say(Fails, first, "%s, the hashes of entries %d to %d, cannot be read: %v", TilePath(t), first, first+int64(t.W)-1, err)
		return nil
	}
	all := make([]Hash, t.W)
	for i := range all {
		all[i] = Hash(text[i*tlog.HashSize:])
	}
	return all
}

// entry looks at one entry.
func (v *verification) entry(n int64, entry []byte) error {
	kind, err := v.skimmer.skim(entry)
	if err == nil && kind == NewKey {
		var f *Fact
		if f, err = Parse(entry); err == nil {
			v.announced(n, f)
		}
	}
	if err != nil {
		v.say(Fails, n, "entry %d cannot be understood: %v", n, err)
	}
	if v.each == nil {
		return nil
	}
	return v.each(n, entry)
}

// announced takes a key that a known one has announced.
func (v *verification) announced(n int64, f *Fact) {
	if len(v.keys) == 0 {
		return
	}
	known, err := Verifiers(v.keys...)
	if err != nil {
		return // it is told with the checkpoint
	}
	next, err := Announced([]byte(f.Text("note")), v.Checkpoint.Origin, known)
	if err != nil {
		v.say(Fails, n, "entry %d announces a key, and no known key has signed that: %v", n, err)
		return
	}
	v.keys = append(slices.Clone(v.keys), next)
	v.say(Holds, n, "entry %d announces another key, signed by one that was known", n)
}

// witness keeps the root at the sizes of checkpoints from outside.
func (v *verification) witness() {
	for _, o := range v.outside {
		if o.Size == v.entries.size {
			o.root = v.entries.Root()
		}
	}
}

// above adds the root of a whole tile to the level above, 0 being the one above the entries' hashes.
func (v *verification) above(level int, root Hash) {
	if len(v.levels) == level {
		v.levels, v.counts = append(v.levels, nil), append(v.counts, 0)
	}
	v.levels[level] = append(v.levels[level], root)
	if len(v.levels[level]) < TileWidth {
		return
	}
	var own Frontier
	for _, h := range v.levels[level] {
		own.Append(h)
	}
	v.upper(level)
	v.levels[level] = v.levels[level][:0]
	v.counts[level]++
	v.above(level+1, own.Root())
}

// upper compares a tile above the lowest level with what follows from the entries.
func (v *verification) upper(level int) {
	want := v.levels[level]
	if len(want) == 0 {
		return
	}
	t := tlog.Tile{H: TileHeight, L: level + 1, N: v.counts[level], W: len(want)}
	text, err := v.log.Tile(v.ctx, t)
	if err != nil || len(text) != t.W*tlog.HashSize {
		v.say(Fails, -1, "%s cannot be read, or has another length than it says: %v", TilePath(t), err)
		return
	}
	for i := range want {
		if !bytes.Equal(want[i][:], text[i*tlog.HashSize:][:tlog.HashSize]) {
			span := int64(1) << (TileHeight * (level + 1))
			first := (t.N<<TileHeight + int64(i)) * span
			v.say(Fails, first, "%s: the hash of entries %d to %d is not that of the entries", TilePath(t), first, first+span-1)
		}
	}
}

// judge compares what was read with the checkpoint.
func (v *verification) judge() {
	c := &v.Checkpoint
	switch {
	case !v.unreadable && v.entries.Root() == c.Root:
		v.say(Holds, -1, "%d entries are those of the checkpoint: none is changed, missing, moved or added", c.Size)
		for _, n := range v.differs {
			v.say(Fails, n, "the hash of entry %d in its tile is not that of the entry, which is as signed", n)
		}
	case !v.noHashes && v.hashes.Root() == c.Root:
		for _, n := range v.differs {
			v.say(Fails, n, "entry %d is not what was signed", n)
		}
	default:
		for _, n := range v.differs {
			v.say(Fails, n, "entry %d and its hash are not of each other", n)
		}
		if good := v.agreed(); good > 0 {
			v.say(Fails, good, "an entry from %d on is not what was signed: the %d before it are those of a checkpoint from outside", good, good)
		} else {
			v.say(Fails, 0, "the %d entries are not those of the checkpoint", c.Size)
		}
	}
}

// agreed is the size of the newest checkpoint from outside with which the log agrees.
func (v *verification) agreed() (size int64) {
	for _, o := range v.outside {
		if o.Size <= v.entries.size && o.root == o.Root {
			size = max(size, o.Size)
		}
	}
	return size
}

// signatures verifies those of a checkpoint.
func (v *verification) signatures(what string, c Checkpoint, signed []byte) bool {
	if len(v.keys) == 0 {
		v.say(Unknown, -1, "who signed %s (%d entries) cannot be told: no key to verify it with was given", what, c.Size)
		return true
	}
	keys, err := Verifiers(v.keys...)
	if err == nil {
		_, err = note.Open(signed, keys)
	}
	if err != nil {
		v.say(Fails, -1, "%s (%d entries) is not signed by a key that is known: %v", what, c.Size, err)
		return false
	}
	v.say(Holds, -1, "%s (%d entries) is signed by a key that is known", what, c.Size)
	return true
}

// compare compares the log with a checkpoint from outside.
func (v *verification) compare(o *witnessed) {
	if o.Origin != v.Checkpoint.Origin {
		v.say(Fails, -1, "the checkpoint from outside is of another log: %q", o.Origin)
		return
	}
	if !v.signatures("the checkpoint from outside", o.Checkpoint, o.signed) {
		return
	}
	switch {
	case o.Size > v.entries.size:
		v.say(Fails, v.entries.size, "the log is cut, or an old copy was put in its place: entries %d to %d of the checkpoint from outside are not there", v.entries.size, o.Size-1)
	case o.root != o.Root:
		good := v.agreed()
		if good >= o.Size {
			good = 0
		}
		v.say(Fails, good, "the log is another one than that of the checkpoint from outside: of entries %d to %d at least one was changed, and signed anew", good, o.Size-1)
	default:
		v.say(Holds, -1, "the log goes on from the checkpoint from outside: its %d entries are the same", o.Size)
	}
}

// split divides a bundle as far as that goes; rest is what is left.
func split(bundle []byte) (all [][]byte, rest []byte) {
	for len(bundle) >= 2 {
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < end {
			break
		}
		all = append(all, bundle[2:end:end])
		bundle = bundle[end:]
	}
	return all, bundle
}
