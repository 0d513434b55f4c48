package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // a scan
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

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

// oneAtATime bounds the memory of photos that are being read.
var oneAtATime sync.Mutex

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
	if err := s.opts.Photos.KeepPhoto(site, hash, clean); err != nil {
		return fmt.Errorf("keeping a photo: %w", err)
	}
	d := &paperDeed{site: v.Site, what: telemetry.Entry{ID: strings.ToLower(fields["id"]), Kind: telemetry.EntryPaper, Paper: day.String(), Photo: hash, Author: s.access.author(r)}}
	if _, err := s.enter(r.Context(), d); err != nil {
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
		b, err := io.ReadAll(io.LimitReader(part, limit+1))
		if err != nil || int64(len(b)) > limit {
			return nil, nil, tooLarge(err)
		}
		if part.FormName() == "photo" {
			photo = b
		} else {
			fields[part.FormName()] = string(b)
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
		return errBadForm
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
	if _, err := s.enter(r.Context(), d); err != nil {
		return err
	}
	// The same form may have been photographed twice: the picture goes with the last entry that has it.
	all, err := s.opts.Entries.Entries(ctx, site, telemetry.EntryPaper, 1000)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for i := range all {
		gone[all[i].Entry.Ends] = true
	}
	if !slices.ContainsFunc(all, func(o telemetry.Record) bool { return o.Entry.Photo == rec.Entry.Photo && !gone[o.Entry.ID] }) {
		if err := s.opts.Photos.ErasePhoto(site, rec.Entry.Photo); err != nil {
			return fmt.Errorf("erasing a photo: %w", err)
		}
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
