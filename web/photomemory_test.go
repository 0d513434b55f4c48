package web

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	runtimemetrics "runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"
)

// guarded is an album for many at once.
type guarded struct {
	album
	mu *sync.Mutex
}

func (g guarded) KeepPhoto(site, hash string, photo []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.album.KeepPhoto(site, hash, photo)
}

// heavy is a JPEG of nearly as many bytes as one may have: a small picture and long remarks.
func heavy(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 200)), nil); err != nil {
		t.Fatal(err)
	}
	remark := append([]byte{0xff, 0xfe, 0xff, 0xff}, bytes.Repeat([]byte{'x'}, 0xfffd)...)
	photo := append([]byte{}, b.Bytes()[:2]...)
	for len(photo)+len(remark)+b.Len() < maxPhoto {
		photo = append(photo, remark...)
	}
	return append(photo, b.Bytes()[2:]...)
}

// Forty phones that send the largest photos at once are all served, and together take less than 100 MB.
func TestPhotosTakeLittleMemory(t *testing.T) {
	f := newFleet()
	r := start(t, f, func(o *Options) { o.Photos = guarded{album{}, &sync.Mutex{}} })
	photo := heavy(t)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("id", "ID-OF-THE-ENTRY-ID-OF-THE-ENTRY-0000")
	_ = w.WriteField("day", "2026-01-05")
	p, _ := w.CreateFormFile("photo", "form.jpg")
	_, _ = p.Write(photo)
	_ = w.Close()
	begin, rest, _ := bytes.Cut(form.Bytes(), []byte("ID-OF-THE-ENTRY-ID-OF-THE-ENTRY-0000"))

	before, stop, most := heap(), make(chan struct{}), make(chan uint64)
	go func() {
		peak := uint64(0)
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-tick.C:
				peak = max(peak, heap())
			case <-stop:
				most <- peak
				return
			}
		}
	}()
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range 40 {
		wg.Go(func() {
			id := newUUID()
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/site/mpp-magetan/tasks/photo", nil)
			body := multiReader(begin, []byte(id), rest)
			req.Body, req.ContentLength = body, int64(len(begin)+len(id)+len(rest))
			req.Header.Set("Content-Type", w.FormDataContentType())
			res, err := r.client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			got[res.StatusCode]++
		})
	}
	wg.Wait()
	close(stop)
	peak := <-most
	if got[http.StatusSeeOther] != 40 || len(f.entries) != 40 {
		t.Errorf("got %v and %d entries, want 40 photos kept", got, len(f.entries))
	}
	extra := (int64(peak) - int64(before)) >> 20
	t.Logf("40 photos of %d MB at once: %d MB more", len(photo)>>20, extra)
	if extra > 100 {
		t.Errorf("40 photos of %d MB at once take %d MB, want at most 100", len(photo)>>20, extra)
	}
}

func heap() uint64 {
	s := []runtimemetrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	runtimemetrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}

type readers struct{ all []*bytes.Reader }

func multiReader(parts ...[]byte) *readers {
	r := &readers{}
	for _, p := range parts {
		r.all = append(r.all, bytes.NewReader(p))
	}
	return r
}

func (r *readers) Read(b []byte) (int, error) {
	for len(r.all) > 1 && r.all[0].Len() == 0 {
		r.all = r.all[1:]
	}
	return r.all[0].Read(b)
}

func (r *readers) Close() error { return nil }

// What a picture takes in memory is asked of its head, before it is decoded.
func TestBytesAPixel(t *testing.T) {
	for name, c := range map[string]struct {
		model       color.Model
		progressive bool
		want        int
	}{
		"a phone's": {color.YCbCrModel, false, 3}, "one in several scans": {color.YCbCrModel, true, 15}, "a scan": {color.GrayModel, false, 1},
		"a deep PNG": {color.NRGBA64Model, false, 8}, "a PNG": {color.RGBAModel, false, 4}, "a palette": {color.Palette{color.Black}, false, 1},
	} {
		if got := bytesAPixel(c.model, c.progressive); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
	var plain bytes.Buffer
	_ = jpeg.Encode(&plain, image.NewGray(image.Rect(0, 0, 8, 8)), nil)
	scans := bytes.Replace(plain.Bytes(), []byte{0xff, 0xc0}, []byte{0xff, 0xc2}, 1)
	if progressive(plain.Bytes()) || !progressive(scans) || !progressive(scans[:30]) || progressive([]byte("\x89PNG")) {
		t.Error("a JPEG in several scans is not told from others")
	}
	// One that says of itself that it has 25 million pixels in several scans would take 375 MB: it is refused unread.
	big := bytes.Clone(scans)
	at := bytes.Index(big, []byte{0xff, 0xc2})
	copy(big[at+5:], []byte{0x13, 0x88, 0x13, 0x88}) // 5000 × 5000
	if _, err := cleanPhoto(bytes.NewReader(big)); err == nil || !strings.Contains(err.Error(), "in memory") {
		t.Errorf("a picture that takes much: got %v, want it refused by its size", err)
	}
}
