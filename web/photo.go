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
	"image/jpeg"
	_ "image/png" // a scan
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Photos keep photos of paper forms outside the journal, where they can be erased: they may show names and hands.
type Photos interface {
	// KeepPhoto keeps a photo of a site under its hash; it is durable when the error is nil.
	KeepPhoto(site, hash string, photo []byte) error
	// Photo gives one; ErrNotFound: it is not there, or no more.
	Photo(site, hash string) ([]byte, error)
	// ErasePhoto takes one away for good; one that is not there is no error.
	ErasePhoto(site, hash string) error
}

const (
	maxPhoto     = 8 << 20    // bytes that are sent
	maxPixels    = 26_000_000 // of a photo, decoded
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

// Photos that are being read take memory: the bytes that are sent, and forty times as much decoded. So few are taken in at a time, and one is
// decoded at a time; who has waited for long is asked to come again.
const (
	mostPhotos    = 2
	photoPatience = 20 * time.Second
)

var (
	photosTaken = make(chan struct{}, mostPhotos)
	oneAtATime  sync.Mutex
)

// takePhoto waits for room for a photo; leave must be called with it.
func takePhoto(ctx context.Context) (leave func(), err error) {
	wait := time.NewTimer(photoPatience)
	defer wait.Stop()
	select {
	case photosTaken <- struct{}{}:
		return func() { <-photosTaken }, nil
	case <-wait.C:
		return nil, &fault{status: http.StatusServiceUnavailable, key: "error.crowded", retry: 10, cause: errManyPhotos}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errManyPhotos = errors.New("many photos are being taken in")

// isPhoto reports whether a text can be the hash of a photo.
func isPhoto(hash string) bool {
	return len(hash) == 2*sha256.Size && strings.Trim(hash, "0123456789abcdef") == ""
}

// cleanPhoto reads a photo and writes it anew: what a camera wrote beside the picture (where, when, on whose phone) is gone, and what is no picture
// is refused.
func cleanPhoto(photo []byte) ([]byte, error) {
	if kind := http.DetectContentType(photo); kind != "image/jpeg" && kind != "image/png" {
		return nil, refusedPhoto(fmt.Errorf("a photo of kind %s: want a JPEG or a PNG", kind))
	}
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	c, _, err := image.DecodeConfig(bytes.NewReader(photo))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width*c.Height > maxPixels {
		return nil, refusedPhoto(fmt.Errorf("a photo of %d × %d pixels: want at most %d (%w)", c.Width, c.Height, maxPixels, err))
	}
	picture, _, err := image.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, refusedPhoto(fmt.Errorf("reading a photo: %w", err))
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, upright(picture, turnOf(photo)), &jpeg.Options{Quality: photoQuality}); err != nil {
		return nil, refusedPhoto(fmt.Errorf("writing a photo: %w", err))
	}
	return out.Bytes(), nil
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
	leave, err := takePhoto(r.Context())
	if err != nil {
		return err
	}
	defer leave()
	fields, photo, err := partsOf(r)
	if err != nil {
		return err
	}
	day, err := facility.ParseDate(fields["day"])
	if err != nil || day.Year < 2000 || !isUUID(fields["id"]) {
		return errBadForm
	}
	clean, err := cleanPhoto(photo)
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

// partsOf reads a form with a photo, no more of it than may be.
func partsOf(r *http.Request) (fields map[string]string, photo []byte, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, nil, errBadForm
	}
	fields = map[string]string{}
	for range 10 {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, tooLarge(err)
		}
		limit := int64(200)
		if part.FormName() == "photo" {
			limit = maxPhoto
		}
		var b bytes.Buffer
		if known := min(r.ContentLength, limit); part.FormName() == "photo" && known > 0 {
			b.Grow(int(known) + bytes.MinRead)
		}
		if n, err := b.ReadFrom(io.LimitReader(part, limit+1)); err != nil || n > limit {
			return nil, nil, tooLarge(err)
		}
		if part.FormName() == "photo" {
			photo = b.Bytes()
		} else {
			fields[part.FormName()] = b.String()
		}
	}
	return fields, photo, nil
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
