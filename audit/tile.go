package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight is that of tiles: one has up to TileWidth hashes.
const TileHeight = 8

// TileWidth is how many hashes or entries a whole tile has.
const TileWidth = 1 << TileHeight

// Log is one that can be read. Its tiles are known by golang.org/x/mod/sumdb/tlog.Tile with the height TileHeight; one with the level -1 is a bundle of
// entries. What is not there is fs.ErrNotExist. What Log gives may be wrong: Verify and TileHashReader find that out.
type Log interface {
	// Checkpoint is the newest.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Tile is the content of one, exactly as wide as it says.
	Tile(ctx context.Context, t tlog.Tile) ([]byte, error)
}

// CheckpointFile is the name of the checkpoint in a log.
const CheckpointFile = "checkpoint"

// mostLevel is that of the tiles above which a log of 2^62 entries has none.
const mostLevel = 7

const tilePrefix = "tile/8/"

// TilePath is the name of a tile in a log: tile/0/x001/067, tile/entries/000.p/13.
func TilePath(t tlog.Tile) string {
	t.H = TileHeight
	rest := strings.TrimPrefix(t.Path(), tilePrefix)
	if after, ok := strings.CutPrefix(rest, "data/"); ok {
		rest = "entries/" + after
	}
	return "tile/" + rest
}

// errPath says that a name is not that of a tile.
var errPath = errors.New("it is no name of a tile")

// ParseTilePath is the tile of a name.
func ParseTilePath(name string) (tlog.Tile, error) {
	rest, ok := strings.CutPrefix(name, "tile/")
	if !ok {
		return tlog.Tile{}, errPath
	}
	if after, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + after
	}
	t, err := tlog.ParseTilePath(tilePrefix + rest)
	if err != nil || TilePath(t) != name || t.L > mostLevel {
		return tlog.Tile{}, errPath
	}
	return t, nil
}

// EntriesTile is the bundle of entries that has entry n in a log of a size.
func EntriesTile(n, size int64) tlog.Tile {
	t := n >> TileHeight
	return tlog.Tile{H: TileHeight, L: -1, N: t, W: int(min(TileWidth, size-t<<TileHeight))}
}

// AppendEntry adds an entry to a bundle: its length in two bytes, big-endian, and the entry, which has at most MostBytes.
func AppendEntry(bundle, entry []byte) []byte {
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
	return append(bundle, entry...)
}

// errBundle says that bytes are no bundle of entries.
var errBundle = errors.New("it is no bundle of entries")

// ParseBundle reads a bundle of so many entries. They are parts of it.
func ParseBundle(bundle []byte, entries int) ([][]byte, error) {
	all := make([][]byte, 0, min(max(entries, 0), TileWidth))
	for len(bundle) > 0 {
		if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("%w: entry %d of it does not end", errBundle, len(all))
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		all = append(all, bundle[2:end:end])
		bundle = bundle[end:]
	}
	if len(all) != entries {
		return nil, fmt.Errorf("%w: it has %d entries, expected %d", errBundle, len(all), entries)
	}
	return all, nil
}

// Folder is a log in files.
func Folder(files fs.FS) Log { return folder{files} }

type folder struct{ files fs.FS }

func (f folder) Checkpoint(context.Context) ([]byte, error) {
	return fs.ReadFile(f.files, CheckpointFile)
}

// Tile takes a wider one as well: its beginning is the narrower one.
func (f folder) Tile(_ context.Context, t tlog.Tile) ([]byte, error) {
	text, err := fs.ReadFile(f.files, path.Clean(TilePath(t)))
	if t.W == TileWidth || !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	whole := t
	whole.W = TileWidth
	text, err = fs.ReadFile(f.files, path.Clean(TilePath(whole)))
	if err != nil {
		return nil, err
	}
	return Narrow(t, text)
}

// Narrow is a tile of the content of a wider one.
func Narrow(t tlog.Tile, wider []byte) ([]byte, error) {
	if t.L >= 0 {
		if len(wider) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %s has %d bytes, expected at least %d", TilePath(t), len(wider), t.W*tlog.HashSize)
		}
		return wider[:t.W*tlog.HashSize], nil
	}
	end := 0
	for range t.W {
		if len(wider)-end < 2 || len(wider)-end-2 < int(binary.BigEndian.Uint16(wider[end:])) {
			return nil, fmt.Errorf("bundle %s: %w", TilePath(t), errBundle)
		}
		end += 2 + int(binary.BigEndian.Uint16(wider[end:]))
	}
	return wider[:end], nil
}

// reader reads the tiles of a log for tlog, which compares them with a tree.
type reader struct {
	ctx context.Context //nolint:containedctx // tlog's interface has none
	log Log
}

// Hashes reads hashes of a log, each compared with the root of a tree that is known to be right.
func Hashes(ctx context.Context, log Log, tree tlog.Tree) tlog.HashReader {
	return tlog.TileHashReader(tree, reader{ctx, log})
}

func (reader) Height() int { return TileHeight }

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(tiles))
	for i, t := range tiles {
		var err error
		if all[i], err = r.log.Tile(r.ctx, t); err != nil {
			return nil, fmt.Errorf("reading %s: %w", TilePath(t), err)
		}
	}
	return all, nil
}

func (reader) SaveTiles([]tlog.Tile, [][]byte) {}
