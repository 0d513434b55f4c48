package evidence

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"
)

// packed is the time of all files in a pack: when it was written is no evidence, and would make two packs of the same differ.
var packed = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// packer writes the files of a pack one after the other, and remembers their hashes.
type packer struct {
	zip   *zip.Writer
	files []File
	sum   hash.Hash
	bytes int64
	name  string
	to    io.Writer
}

func newPacker(w io.Writer) *packer {
	z := zip.NewWriter(w)
	var one *flate.Writer // files come one after the other, and a compressor is more than half a megabyte
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (_ io.WriteCloser, err error) {
		if one == nil {
			one, err = flate.NewWriter(w, flate.BestSpeed)
			return one, err
		}
		one.Reset(w)
		return one, nil
	})
	return &packer{zip: z}
}

// begin ends the file before, and begins another one.
func (p *packer) begin(name string) (io.Writer, error) {
	p.end()
	to, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packed})
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	p.name, p.sum, p.bytes, p.to = name, sha256.New(), 0, to
	return p, nil
}

// Write writes to the file that was begun.
func (p *packer) Write(b []byte) (int, error) {
	n, err := p.to.Write(b)
	_, _ = p.sum.Write(b[:n]) // cannot fail
	p.bytes += int64(n)
	return n, err
}

func (p *packer) end() {
	if p.name != "" {
		p.files = append(p.files, File{p.name, p.bytes, hex.EncodeToString(p.sum.Sum(nil))})
		p.name = ""
	}
}

// file writes a whole file.
func (p *packer) file(name string, fn func(w io.Writer) error) error {
	w, err := p.begin(name)
	if err != nil {
		return err
	}
	if err := fn(w); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// close writes the manifest and the sums, and ends the pack.
func (p *packer) close(m *Manifest) error {
	p.end()
	m.Files = p.files
	text, err := manifestText(m)
	if err != nil {
		return err
	}
	if err := p.file(fileManifest, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	p.end()
	if err := p.file(fileSums, func(w io.Writer) error { return sumsText(w, p.files) }); err != nil {
		return err
	}
	p.end()
	if err := p.zip.Close(); err != nil {
		return fmt.Errorf("ending the pack: %w", err)
	}
	return nil
}

// manifestText is the manifest as a pack has it: one member a line, for people.
func manifestText(m *Manifest) ([]byte, error) {
	line, err := encode(nil, m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, line, "", "  "); err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	return b.Bytes(), nil
}

// sumsText writes the hashes as sha256sum reads them.
func sumsText(w io.Writer, files []File) error {
	for _, f := range files {
		if _, err := fmt.Fprintf(w, "%s  %s\n", f.SHA256, f.Name); err != nil {
			return err
		}
	}
	return nil
}
