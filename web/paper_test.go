package web

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// album keeps photos in memory.
type album map[string][]byte

func (a album) Spool() (Spooled, error) {
	f, err := os.CreateTemp("", "spooled-*")
	if err != nil {
		return nil, err
	}
	return spooled{f}, nil
}

type spooled struct{ *os.File }

func (f spooled) Close() error {
	_ = os.Remove(f.Name())
	return f.File.Close()
}

func (a album) KeepPhoto(site, hash string, photo []byte) error {
	a[site+hash] = photo
	return nil
}

func (a album) Photo(site, hash string) ([]byte, error) {
	if b, ok := a[site+hash]; ok {
		return b, nil
	}
	return nil, ErrNotFound
}

func (a album) ErasePhoto(site, hash string) error {
	delete(a, site+hash)
	return nil
}

const typingPath = "/site/mpp-magetan" + typedPath

// fieldsOf are the names of a form's fields by what they are called.
func fieldsOf(t *testing.T, page string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, n := range find(t, page, "input") {
		if label := attr(n, "aria-label"); label != "" {
			all[label] = attr(n, "name")
		}
	}
	return all
}

// TestAPaperFormIsTypedIn: what was written becomes entries that are marked, once; what cannot be is said, and nothing of it is stored.
func TestAPaperFormIsTypedIn(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "Rina", Grants: accounts.All()}, nil
	}
	wants(t, "the form to print", r.get("/site/mpp-magetan/tasks/paper?lang=id").body, "Tanda tangan", "pintu samping", "Putaran 4", "5 Jan 2026", "Lap gagang pintu")
	page := r.get(typingPath + "?lang=en")
	fields := fieldsOf(t, page.body)
	name := func(label string) string {
		t.Helper()
		if fields[label] == "" {
			t.Fatalf("no field %q among %d", label, len(fields))
		}
		return fields[label]
	}
	form := url.Values{"id": {someUUID}, "day": {"2026-01-05"}}
	form.Set(name("Lap gagang pintu, pintu samping, time, Round 1"), "07.30")
	form.Set(name("Lap gagang pintu, lift, time, Round 1"), "7:41")
	form.Set(name("Lap gagang pintu, Name, Round 1"), "Siti <b>")
	form.Set(name("Lap gagang pintu, Agent, Round 1"), "alkohol 70%")
	send := func() answer {
		return r.do("POST", typingPath+"?lang=en", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	}
	for what, wrong := range map[string][3]string{
		"a time that is none":   {"Lap gagang pintu, lift, time, Round 1", "7.99", "A time is such as 07.30."},
		"a time to come":        {"Lap gagang pintu, lift, time, Round 1", "23.00", "The time lies in the future."},
		"a time without a name": {"Lap gagang pintu, lift, time, Round 2", "09.00", "There is a time and no name."},
		"a name without a time": {"Lap gagang pintu, Name, Round 3", "Budi", "There is a name or an agent and no time."},
	} {
		was := form.Get(name(wrong[0]))
		form.Set(name(wrong[0]), wrong[1])
		got := send()
		if got.StatusCode != http.StatusUnprocessableEntity || len(f.entries) != 0 {
			t.Errorf("%s: got %d and %d entries, want 422 and none", what, got.StatusCode, len(f.entries))
		}
		wants(t, what, got.body, wrong[2], "Siti &lt;b&gt;", `value="07.30"`, `aria-invalid="true"`)
		form.Set(name(wrong[0]), was)
	}
	for range 2 { // sent again, it is there once
		if got := send(); got.StatusCode != http.StatusSeeOther {
			t.Fatalf("got %d %s, want 303", got.StatusCode, got.body)
		}
	}
	if len(f.entries) != 2 {
		t.Fatalf("got %d entries, want two", len(f.entries))
	}
	for i, want := range []string{"00:30", "00:41"} { // UTC
		rec := f.entries[i]
		e := rec.Entry
		if e.Author != "Siti <b>" || !e.Claimed || e.Typist != "Rina" || e.Paper != "2026-01-05" || e.Text != "alkohol 70%" || rec.At.Time().UTC().Format("15:04") != want {
			t.Errorf("got %+v at %v, want what the paper says and who typed it", e, rec.At)
		}
	}
	wants(t, "the task's page", r.get("/site/mpp-magetan/task/lap-gagang?lang=en").body, "manual: from the paper form of 5 Jan 2026, typed by Rina", "Siti &lt;b&gt;", "-Siti <b>")
}

// typedForm is a form as it is shown, with a name and a time in a round of two things.
func typedForm(t *testing.T, r *running) (form url.Values, fields map[string]string, send func() answer) {
	t.Helper()
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "Rina", Grants: accounts.All()}, nil
	}
	fields = fieldsOf(t, r.get(typingPath+"?lang=en").body)
	form = url.Values{"id": {someUUID}, "day": {"2026-01-05"}}
	form.Set(fields["Lap gagang pintu, pintu samping, time, Round 1"], "07.30")
	form.Set(fields["Lap gagang pintu, lift, time, Round 1"], "7:41")
	form.Set(fields["Lap gagang pintu, Name, Round 1"], "Siti")
	return form, fields, func() answer {
		return r.do("POST", typingPath+"?lang=en", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	}
}

// TestAFormThatWasReorderedMeanwhile: tasks and things that come in another order, or are gone, when a form comes back change nothing of what it says.
func TestAFormThatWasReorderedMeanwhile(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	_, _, send := typedForm(t, r)
	f.change("mpp-magetan", func(v *rules.View) {
		v.Tasks = slices.Clone(v.Tasks)
		slices.Reverse(v.Tasks)
		for i := range v.Tasks {
			v.Tasks[i].Items = slices.Clone(v.Tasks[i].Items)
			slices.Reverse(v.Tasks[i].Items)
		}
	})
	for range 2 { // and sent again in another order it is there once
		if got := send(); got.StatusCode != http.StatusSeeOther || len(f.entries) != 2 {
			t.Fatalf("got %d and %d entries, want 303 and two: %s", got.StatusCode, len(f.entries), got.body)
		}
		f.change("mpp-magetan", func(v *rules.View) {
			v.Tasks = slices.Clone(v.Tasks)
			slices.Reverse(v.Tasks)
		})
	}
	for _, rec := range f.entries {
		if want := map[string]string{"pintu samping": "00:30", "lift": "00:41"}[rec.Entry.Item]; rec.Entry.Subject != "lap-gagang" || rec.At.Time().UTC().Format("15:04") != want {
			t.Errorf("got %+v at %v, want lap-gagang at %s", rec.Entry, rec.At, want)
		}
	}
	f.entries = nil
	f.change("mpp-magetan", func(v *rules.View) {
		v.Tasks = slices.Clone(v.Tasks)
		for i := range v.Tasks {
			v.Tasks[i].Items = slices.DeleteFunc(slices.Clone(v.Tasks[i].Items), func(i rules.ItemView) bool { return i.Name == "lift" })
		}
	})
	got := send()
	if got.StatusCode != http.StatusUnprocessableEntity || len(f.entries) != 0 {
		t.Errorf("a thing that is gone: got %d and %d entries, want 422 and none", got.StatusCode, len(f.entries))
	}
	wants(t, "a thing that is gone", got.body, "on the form no more", "lift", "Not entered yet")
}

// TestAFormOfWhichAPartIsStored says which, and which is not, by what people call it.
func TestAFormOfWhichAPartIsStored(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	_, fields, send := typedForm(t, r)
	taken := derivedUUID(someUUID, fields["Lap gagang pintu, lift, time, Round 1"])
	f.entries = []telemetry.Record{{Seq: 7, Kind: telemetry.KindEntry, Site: "mpp-magetan", Entry: &telemetry.Entry{ID: taken, Kind: telemetry.EntryNote}}}
	got := send()
	if got.StatusCode != http.StatusConflict || len(f.entries) != 2 {
		t.Fatalf("got %d and %d entries, want 409 and one more", got.StatusCode, len(f.entries))
	}
	wants(t, "the page", got.body, "entered and marked as manual: Lap gagang pintu, pintu samping, time, Round 1.", "<li>Lap gagang pintu, lift, time, Round 1: ", "-Not entered yet. Look", "-lap-gagang lift")
}

// TestPhotosOfForms: a photo is written anew without what the camera wrote, is seen by who reviews, and can be erased; nothing else is kept.
func TestPhotosOfForms(t *testing.T) {
	f, kept := newFleet(), album{}
	r := start(t, f, func(o *Options) { o.Photos = kept })
	who := accounts.Manager
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "Rina", Grants: []accounts.Grant{{May: who.May(), Sites: []string{"mpp-magetan"}}}}, nil
	}
	picture := image.NewGray(image.Rect(0, 0, 60, 40))
	var photo, scan, huge bytes.Buffer
	if err := jpeg.Encode(&photo, picture, nil); err != nil {
		t.Fatal(err)
	}
	const secret = "GPS -7.65 111.32 phone of Siti"
	exif := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(secret) + 8)}, "Exif\x00\x00"+secret...)
	located := append(exif, photo.Bytes()[2:]...)
	_ = png.Encode(&scan, image.NewGray(image.Rect(0, 0, 70, 40)))
	_ = png.Encode(&huge, image.NewGray(image.Rect(0, 0, 6000, 6000)))
	send := func(site, id string, b []byte) answer {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		_ = w.WriteField("id", id)
		_ = w.WriteField("day", "2026-01-05")
		p, _ := w.CreateFormFile("photo", "../../x.jpg")
		_, _ = p.Write(b)
		_ = w.Close()
		return r.do("POST", "/site/"+site+"/tasks/photo", body.String(), "Content-Type", w.FormDataContentType())
	}
	for what, b := range map[string][]byte{"nothing": nil, "a page": []byte("<html><script>pwned()</script>"), "half a photo": photo.Bytes()[:60], "too many pixels": huge.Bytes(), "too large": bytes.Repeat([]byte{0xff, 0xd8, 0xff}, maxPhoto/3+10)} {
		if got := send("mpp-magetan", newUUID(), b).StatusCode; got != http.StatusUnprocessableEntity && got != http.StatusRequestEntityTooLarge || len(kept) != 0 {
			t.Errorf("%s: got %d and %d photos, want a refusal and none", what, got, len(kept))
		}
	}
	for i, b := range [][]byte{located, scan.Bytes()} {
		for range 2 {
			if got := send("mpp-magetan", fmt.Sprintf("0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f0%d", i), b); got.StatusCode != http.StatusSeeOther {
				t.Fatalf("got %d %s, want 303", got.StatusCode, got.body)
			}
		}
	}
	if len(f.entries) != 2 || f.entries[0].Entry.Kind != telemetry.EntryPaper {
		t.Fatalf("got %d entries (%+v), want one for each photo", len(f.entries), f.entries)
	}
	hash := f.entries[0].Entry.Photo
	b := kept["mpp-magetan"+hash]
	if _, kind, err := image.Decode(bytes.NewReader(b)); err != nil || kind != "jpeg" || bytes.Contains(b, []byte("GPS")) || bytes.Contains(b, []byte("Exif")) {
		t.Errorf("what is kept: %s %v, want a JPEG without what the camera wrote", kind, err)
	}
	see := func() int { return r.get("/site/mpp-magetan/tasks/photo/" + hash).StatusCode }
	for role, want := range map[accounts.Role]int{accounts.Manager: 200, accounts.Auditor: 200, accounts.Cleaner: 403, accounts.Security: 403} {
		if who = role; see() != want {
			t.Errorf("as %s: got %d, want %d", role, see(), want)
		}
	}
	who = accounts.Manager
	if got := r.get("/site/mpp-gresik/tasks/photo/" + hash).StatusCode; got != http.StatusForbidden {
		t.Errorf("by another site: got %d, want 403", got)
	}
	erase := url.Values{"id": {otherUUID}, "of": {f.entries[0].Entry.ID}, "reason": {"ada wajah"}}
	for range 2 {
		if got := r.do("POST", "/site/mpp-magetan/tasks/photo/erase", erase.Encode(), "Content-Type", "application/x-www-form-urlencoded"); got.StatusCode != http.StatusSeeOther {
			t.Fatalf("erasing: got %d %s", got.StatusCode, got.body)
		}
	}
	kept["mpp-magetan"+hash] = b // as a crash leaves it between the entry and the file
	if see() != http.StatusNotFound {
		t.Errorf("an erased photo whose file is there still: got %d, want 404", see())
	}
	delete(kept, "mpp-magetan"+hash)
	if got := send("mpp-magetan", f.entries[1].Entry.ID, photo.Bytes()); got.StatusCode != http.StatusConflict || len(kept) != 1 {
		t.Errorf("a photo whose entry fails: got %d and %d photos, want 409 and it gone", got.StatusCode, len(kept))
	}
	if see() != http.StatusNotFound || len(kept) != 1 || len(f.entries) != 3 || f.entries[2].Entry.Ends != f.entries[0].Entry.ID {
		t.Errorf("afterwards: got %d, %d photos, %d entries, want it gone, and the record of it", see(), len(kept), len(f.entries))
	}
	wants(t, "the list", r.get(typingPath+"?lang=en").body, "erased", "ada wajah")
}

// TestAPhotoStandsUpright: how the camera was held is heeded before it is forgotten.
func TestAPhotoStandsUpright(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 3, 2)) // one bright corner, top left
	m.Pix[0] = 255
	for turn, want := range map[int]image.Point{1: {0, 0}, 2: {2, 0}, 3: {2, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 2}, 8: {0, 2}} {
		seen := upright(m, turn)
		if r, _, _, _ := seen.At(want.X, want.Y).RGBA(); r != 0xffff || seen.Bounds().Dx() != map[bool]int{true: 2, false: 3}[turn >= 5] {
			t.Errorf("turn %d: %v is dark, or %v is not how it was seen", turn, want, seen.Bounds())
		}
	}
	exif := func(turn byte) []byte {
		tiff := append([]byte("II*\x00\x08\x00\x00\x00\x01\x00"), 0x12, 0x01, 3, 0, 1, 0, 0, 0, turn, 0, 0, 0)
		body := append([]byte("Exif\x00\x00"), tiff...)
		return append(append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(body) + 2)}, body...), 0xff, 0xda, 0, 2)
	}
	if got := turnOf(exif(6)); got != 6 {
		t.Errorf("a camera that was held upright: got %d, want 6", got)
	}
	for _, b := range [][]byte{nil, {0xff, 0xd8}, exif(0), exif(99), exif(6)[:20]} {
		if got := turnOf(b); got != 1 {
			t.Errorf("%x: got %d, want 1", b, got)
		}
	}
}
