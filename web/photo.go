package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // a scan
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Photos keep photos of paper forms outside the journal, where they can be erased: they may show names and hands.
type Photos interface {
	// Spool is an empty file for a photo that is coming in. The caller closes it, and then it is gone.
	Spool() (Spooled, error)
	// KeepPhoto keeps a photo of a site under its hash; it is durable when the error is nil.
	KeepPhoto(site, hash string, photo []byte) error
	// Photo gives one; ErrNotFound: it is not there, or no more.
	Photo(site, hash string) ([]byte, error)
	// ErasePhoto takes one away for good; one that is not there is no error.
	ErasePhoto(site, hash string) error
}

// Spooled is a photo that is coming in, as a file.
type Spooled interface {
	io.ReadWriteSeeker
	io.Closer
}

const (
	maxPhoto     = 8 << 20    // bytes that are sent
	maxPixels    = 26_000_000 // of a photo
	maxDecoded   = 80 << 20   // bytes of a photo in memory
	maxBegin     = 256 << 10  // bytes at the begin of a photo, within which a camera says how it was held
	maxField     = 200        // bytes of a field beside it
	photoQuality = 80
	photoPath    = "/tasks/photo"
)

// LivingPhotos are the hashes of the photos of a site that its entries have, all of them given, and that nobody has erased.
func LivingPhotos(entries []telemetry.Record) map[string]bool {
	gone, living := map[string]bool{}, map[string]bool{}
	for i := range entries {
		gone[entries[i].Entry.Ends] = true
	}
	for i := range entries {
		if e := entries[i].Entry; e.Photo != "" && !gone[e.ID] {
			living[e.Photo] = true
		}
	}
	return living
}

// lives reports whether an entry has a photo, by the record: a file may be there still that a crash has left.
func (s *Server) lives(ctx context.Context, site, hash string) (bool, error) {
	all, err := s.opts.Entries.EntriesDuring(ctx, site, telemetry.EntryPaper, math.MinInt64, math.MaxInt64, math.MaxInt)
	if err != nil {
		return false, fmt.Errorf("listing photos of paper forms: %w", err)
	}
	return LivingPhotos(all)[hash], nil
}

// eraseDead takes a photo away that no entry has. The caller holds photos.
func (s *Server) eraseDead(ctx context.Context, site, hash string) error {
	living, err := s.lives(ctx, site, hash)
	if err == nil && !living {
		err = s.opts.Photos.ErasePhoto(site, hash)
	}
	if err != nil {
		return fmt.Errorf("erasing a photo: %w", err)
	}
	return nil
}

// isPhoto reports whether a text can be the hash of a photo.
func isPhoto(hash string) bool {
	return len(hash) == 2*sha256.Size && strings.Trim(hash, "0123456789abcdef") == ""
}

// cleanPhoto reads a photo and writes it anew: what a camera wrote beside the picture (where, when, on whose phone) is gone, and what is no picture
// is refused, as is one that would take more than maxDecoded in memory: that is asked before it is decoded. The caller sees to it that one is read at a
// time.
func cleanPhoto(photo io.ReadSeeker) ([]byte, error) {
	begin, err := beginOf(photo)
	if err != nil {
		return nil, err
	}
	if kind := http.DetectContentType(begin); kind != "image/jpeg" && kind != "image/png" {
		return nil, refusedPhoto(fmt.Errorf("a photo of kind %s: want a JPEG or a PNG", kind))
	}
	c, _, err := image.DecodeConfig(photo)
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels || c.Height > maxPixels || c.Width*c.Height > maxPixels {
		return nil, refusedPhoto(fmt.Errorf("a photo of %d × %d pixels: want at most %d (%w)", c.Width, c.Height, maxPixels, err))
	}
	if size := c.Width * c.Height * bytesAPixel(c.ColorModel, progressive(begin)); size > maxDecoded {
		return nil, refusedPhoto(fmt.Errorf("a photo of %d × %d pixels takes %d bytes in memory: want at most %d", c.Width, c.Height, size, maxDecoded))
	}
	if _, err := photo.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	picture, _, err := image.Decode(photo)
	if err != nil {
		return nil, refusedPhoto(fmt.Errorf("reading a photo: %w", err))
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, upright(picture, turnOf(begin)), &jpeg.Options{Quality: photoQuality}); err != nil {
		return nil, refusedPhoto(fmt.Errorf("writing a photo: %w", err))
	}
	return out.Bytes(), nil
}

// beginOf is the begin of a photo, where a camera says what it is; the photo is at its begin again.
func beginOf(photo io.ReadSeeker) ([]byte, error) {
	begin := make([]byte, maxBegin)
	_, err := photo.Seek(0, io.SeekStart)
	n := 0
	if err == nil {
		if n, err = io.ReadFull(photo, begin); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
	}
	if err == nil {
		_, err = photo.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a photo that came in: %w", err)
	}
	return begin[:n], nil
}

// bytesAPixel is what a decoded picture takes in memory, at most.
func bytesAPixel(m color.Model, progressive bool) int {
	switch m {
	case color.GrayModel:
		if progressive {
			return 1 + 4
		}
		return 1
	case color.YCbCrModel:
		if progressive { // all coefficients are kept until the last scan
			return 3 + 3*4
		}
		return 3
	case color.CMYKModel:
		if progressive {
			return 8 + 4*4
		}
		return 8 // as it is, and put together
	case color.Gray16Model:
		return 2
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4
}

func refusedPhoto(cause error) error {
	return &fault{status: http.StatusUnprocessableEntity, key: "paper.bad_photo", args: []any{"Most", maxPhoto >> 20}, cause: cause}
}

// addPhoto keeps a photo of a paper form.
func (s *Server) addPhoto(w http.ResponseWriter, r *http.Request) error {
	site := r.PathValue("site")
	v, ok := s.opts.Live.Outline(site)
	if !ok || s.opts.Photos == nil {
		return errNoPage
	}
	leave, err := s.inbox.enter(callerOf(r.Context()))
	if err != nil {
		return err
	}
	defer leave()
	file, err := s.opts.Photos.Spool()
	if err != nil {
		return fmt.Errorf("taking a photo in: %w", err)
	}
	defer func() { _ = file.Close() }()
	fields, err := partsOf(r, file)
	if err != nil {
		return err
	}
	day, err := facility.ParseDate(fields["day"])
	if err != nil || day.Year < 2000 || !isUUID(fields["id"]) {
		return errBadForm
	}
	done, err := s.inbox.turn(r.Context())
	if err != nil {
		return err
	}
	defer done() // when it is kept: until then its picture is in memory
	clean, err := cleanPhoto(file)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(clean)
	hash := hex.EncodeToString(sum[:])
	s.photos.Lock() // nobody erases it between
	defer s.photos.Unlock()
	if err := s.opts.Photos.KeepPhoto(site, hash, clean); err != nil {
		return fmt.Errorf("keeping a photo: %w", err)
	}
	d := &paperDeed{site: v.Site, what: telemetry.Entry{ID: strings.ToLower(fields["id"]), Kind: telemetry.EntryPaper, Paper: day.String(), Photo: hash, Author: s.access.author(r)}}
	_, err = s.enter(r.Context(), d)
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) { // then it may be entered yet; if not, a start takes the file
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), apiTimeout)
		defer cancel()
		err = cmp.Or(err, s.eraseDead(ctx, site, hash)) // the entry failed, or it is one of before that was erased
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/site/"+site+"/tasks/typed?saved=photo&day="+url.QueryEscape(day.String())+"&photo="+hash, http.StatusSeeOther)
	return nil
}

// partsOf reads a form with a photo, no more of it than may be; the photo goes to a file and not into memory.
func partsOf(r *http.Request, photo io.Writer) (fields map[string]string, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errBadForm
	}
	photos := 0
	fields = map[string]string{}
	for range 10 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, tooLarge(err)
		}
		if part.FormName() == "photo" {
			if photos++; photos > 1 {
				return nil, errBadForm
			}
			n, err := io.Copy(photo, io.LimitReader(part, maxPhoto+1))
			if err != nil || n > maxPhoto {
				return nil, tooLarge(err)
			}
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if err != nil || len(b) > maxField {
			return nil, tooLarge(err)
		}
		fields[part.FormName()] = string(b)
	}
	return fields, nil
}

func tooLarge(cause error) error {
	return &fault{status: http.StatusRequestEntityTooLarge, key: "paper.bad_photo", args: []any{"Most", maxPhoto >> 20}, cause: cause}
}

// photo shows a photo of a paper form of the site, to who reviews.
func (s *Server) photo(w http.ResponseWriter, r *http.Request) error {
	site, hash := r.PathValue("site"), r.PathValue("photo")
	if s.opts.Photos == nil || !isPhoto(hash) {
		return errNoPage
	}
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	living, err := s.lives(ctx, site, hash)
	if err != nil {
		return err
	}
	if !living {
		return errNoPage
	}
	b, err := s.opts.Photos.Photo(site, hash)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "no-store") // one that is erased is gone
	_, _ = w.Write(b)                  //nolint:gosec // a JPEG that was made here, told as one, and nosniff
	return nil
}

// erasePhoto takes a photo away for good; that it was there, and who took it away and why, stays.
func (s *Server) erasePhoto(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	site := r.PathValue("site")
	if s.opts.Photos == nil {
		return errNoPage
	}
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	rec, ok, err := s.opts.Entries.Entered(ctx, site, r.PostForm.Get("of"))
	if err != nil {
		return err
	}
	if !ok || rec.Entry.Kind != telemetry.EntryPaper || rec.Entry.Photo == "" {
		return errNoPage
	}
	d := &paperDeed{site: site, what: telemetry.Entry{
		ID: strings.ToLower(r.PostForm.Get("id")), Kind: telemetry.EntryPaper, Paper: rec.Entry.Paper, Ends: rec.Entry.ID, Reason: cleanText(r.PostForm.Get("reason"), maxReason), Author: s.access.author(r),
	}}
	s.photos.Lock()
	defer s.photos.Unlock()
	if _, err := s.enter(r.Context(), d); err != nil {
		return err
	}
	// The same form may have been photographed twice: the picture goes with the last entry that has it.
	if err := s.eraseDead(ctx, site, rec.Entry.Photo); err != nil {
		return err
	}
	http.Redirect(w, r, "/site/"+site+"/tasks/typed?saved=erased", http.StatusSeeOther)
	return nil
}

// paperDeed is a photo that is kept, or taken away.
type paperDeed struct {
	site string
	what telemetry.Entry
}

func (d *paperDeed) entry() (string, telemetry.Entry) { return d.site, d.what }

func (d *paperDeed) moment() telemetry.Instant { return 0 }

func (d *paperDeed) signed(c *accounts.Caller) { d.what.Claimed = c == nil || c.Claimed }

func (d *paperDeed) acceptable(*Server) error {
	switch {
	case !isUUID(d.what.ID):
		return refused(http.StatusUnprocessableEntity, badID, errors.New("field id of a photo"))
	case d.what.Ends != "" && d.what.Reason == "":
		return refused(http.StatusUnprocessableEntity, "why", errors.New("field reason of a photo that is erased"))
	}
	return nil
}

func (d *paperDeed) made(rec *telemetry.Record) bool {
	was := rec.Entry
	return was != nil && was.Kind == d.what.Kind && was.Paper == d.what.Paper && was.Photo == d.what.Photo && was.Ends == d.what.Ends && was.Author == d.what.Author
}
