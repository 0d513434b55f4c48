package web

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// pwned is in whatever is hostile: an element or attribute of its name on a page is an escape that is missing.
const pwned = "x-pwn"

// hostilities break out of each place that a text is put into: an element, an attribute in either quotes, a script, an event of a stream, a
// cell of a spreadsheet. They fit into a name.
var hostilities = []string{
	`=1+1"'><x-pwn x-pwn=1>`,
	"\t=2\r\ndata: <x-pwn>\r\nevent: x-pwn\n\n",
	`</script></textarea></title></svg><x-pwn>`,
	`@x" x-pwn="1" onfocus="x-pwn`,
	`javascript:x-pwn//'-x-pwn-'${x}{{.}}`,
	"＝1+\u202e<x-pwn>\x00\u2028]]>--><!--",
}

// infect puts a text into each string within what p points to that is no id and no word of a closed set. It finds what is added later by itself.
func infect(p any, evil string) { infectValue(reflect.ValueOf(p).Elem(), evil) }

// infectValue copies what others may hold as well.
func infectValue(v reflect.Value, evil string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			infectValue(own.Elem(), evil)
			v.Set(own)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(evil))
			return
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		for i := range own.Len() {
			infectValue(own.Index(i), evil)
		}
		v.Set(own)
	case reflect.Map:
		if v.Type().Elem().Kind() == reflect.String {
			own := reflect.MakeMap(v.Type())
			for _, k := range v.MapKeys() {
				own.SetMapIndex(k, reflect.ValueOf(evil).Convert(v.Type().Elem()))
			}
			v.Set(own)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && !slices.Contains([]string{"ID", "Site", "Zone", "Timezone", "Entry"}, f.Name) {
				infectValue(v.Field(i), evil)
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(evil)
		}
	}
}

// hostileFleet has the text in everything that comes from devices, configurations and people.
func hostileFleet(evil string) *fleet {
	f := newFleet()
	for _, v := range f.views {
		infect(v, evil)
	}
	f.past = append(f.past, answered())
	infect(&f.open, evil)
	infect(&f.past, evil)
	infect(&f.reject, evil)
	infect(&f.status, evil)
	return f
}

// hostileStrangers are devices that nobody knows, of the text.
type hostileStrangers struct{ evil string }

func (h hostileStrangers) Strangers() []Stranger {
	all := someStrangers{}.Strangers()
	infect(&all, h.evil)
	return all
}

// TestHostileTextIsInert puts text that breaks out of markup, scripts, streams and spreadsheets into everything that comes from devices, from
// the configuration and from people, and asks for every route of the table: it is text wherever it is shown, and it is shown.
func TestHostileTextIsInert(t *testing.T) {
	for _, evil := range hostilities {
		t.Run(strconv.QuoteToASCII(evil), func(t *testing.T) {
			t.Parallel()
			readings := shelved()
			infect(&readings.page, evil)
			readings.page.Source = "journal"
			past := aWeek(t)
			trial := aTrial()
			infect(trial.rehearsal.Outcome, evil)
			numbers := someLimits()
			infect(&numbers.all, evil)
			for i := range numbers.all {
				numbers.all[i].ID = strconv.Itoa(i) // it comes from ids
			}
			ear := &fakeEar{}
			ear.Listen()
			r := start(t, hostileFleet(evil), func(o *Options) {
				o.Ear, o.Readings, o.Refused, o.Histories, o.Rehearsals, o.Strangers, o.Limits = ear, readings, readings, past, trial, hostileStrangers{evil}, numbers
				o.SiteFiles, o.Trials = hostileFiles(evil), someTrials{evil}
			})
			r.sayEverywhere(t, evil)
			for _, address := range r.everyAddress("mpp-gresik") {
				r.inert(address)
			}
			// It was there to be seen: what is not shown proves nothing.
			for _, p := range []string{"/site/mpp-gresik", "/alerts", "/rejections", "/devices", "/status", "/readings?site=mpp-gresik", "/alert/a1", "/site/mpp-gresik/displays", "/site/mpp-gresik/maintenance", "/site/mpp-gresik/limits", "/site/mpp-gresik/devices"} {
				if body := r.get(p).body; !strings.Contains(html.UnescapeString(body), pwned) {
					t.Errorf("GET %s: the text is nowhere on it", p)
				}
			}
		})
	}
}

// everyAddress is an address of every route of the table that can be asked for, in both languages where it makes a page, and each once
// more with the text in every parameter.
func (r *running) everyAddress(site string) []string {
	var all []string
	for _, rt := range routeTable() {
		method, path := addressOf(rt.pattern, site)
		if method != http.MethodGet || rt.pattern == "GET /metrics" {
			continue
		}
		path = strings.NewReplacer("alert-of-"+site, "a1", "/sign/"+site+"/loket", "/sign/"+site+"/ruang-tunggu").Replace(path)
		switch {
		case strings.HasSuffix(path, "/level/rehearsal"):
			path += "?level=3"
		case path == "/readings" || path == "/api/v1/readings":
			path += "?site=" + site
		}
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		all = append(all, path, path+mark+"lang=id")
		if !strings.HasPrefix(path, "/live/") {
			q := url.Values{}
			for _, name := range []string{"day", "at", "zone", "kind", "state", "by", "on", "rule", "find", "show", "next", "quantity", "level", "of", "saved", "code"} {
				q.Set(name, hostilities[0])
			}
			all = append(all, path+mark+q.Encode(), strings.TrimSuffix(path, "/")+"/"+url.PathEscape(hostilities[0]))
		}
	}
	return append(all, "/site/"+site+"/zone/ruang-tunggu", "/alert/pstory", "/alerts?day=2025-12-31", "/site/"+site+"/compliance?day=2026-01-02&rule=kapasitas")
}

// inert asks for an address and wants nothing of the hostile text to be more than text.
func (r *running) inert(address string) {
	r.t.Helper()
	if strings.HasPrefix(address, "/live/") {
		r.inertStream(address)
		return
	}
	a := r.get(address)
	if a.StatusCode >= http.StatusInternalServerError {
		r.t.Errorf("GET %s: got %d", address, a.StatusCode)
	}
	for name, values := range a.Header {
		if name == "Location" { // where it was asked for
			continue
		}
		if strings.Contains(strings.Join(values, " "), pwned) {
			r.t.Errorf("GET %s: header %s has it: %q", address, name, values)
		}
	}
	switch kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";"); kind {
	case "text/html":
		r.inertMarkup(address, a.body)
	case "text/csv":
		rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
		if err != nil {
			r.t.Errorf("GET %s: no table: %v", address, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if _, err := strconv.ParseFloat(cell, 64); err != nil && formula(cell) {
					r.t.Errorf("GET %s: a spreadsheet takes %q for a formula", address, cell)
				}
			}
		}
	case "application/json", "application/problem+json":
		if !json.Valid([]byte(a.body)) {
			r.t.Errorf("GET %s: no JSON: %.200q", address, a.body)
		}
	}
}

// formula reports what spreadsheets reckon out: what begins with a sign of theirs, also behind space and as wide characters.
func formula(cell string) bool {
	bare := strings.TrimLeft(cell, " \t\r\n\u00a0\u3000\ufeff\x00")
	return cell != "" && (strings.ContainsRune("\t\r\n", rune(cell[0])) || strings.IndexAny(bare, "=+-@＝＋－＠") == 0)
}

// inertMarkup wants nothing in markup to be more than text.
func (r *running) inertMarkup(address, markup string) {
	r.t.Helper()
	for _, x := range alive(markup) {
		r.t.Errorf("GET %s: %s", address, x)
	}
}

// alive reads markup as a browser does, and lists what in it does something that no page of ours does.
func alive(markup string) []string {
	doc, err := html.Parse(strings.NewReader(markup))
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode && strings.Contains(n.Data, pwned) || n.Type == html.ElementNode && (n.Data == pwned || n.Data == "script" && attr(n, "src") == "" || n.Data == "style" || n.Data == "base") {
			found = append(found, "it has become <"+n.Data+">")
		}
		for _, a := range n.Attr {
			name, value := strings.ToLower(a.Key), strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(name, "on"), name == pwned, name == "style", strings.HasPrefix(name, "hx-on"):
				found = append(found, "<"+n.Data+"> has the attribute "+a.Key)
			case (name == "href" || name == "src" || name == "action" || name == "formaction" || strings.HasPrefix(name, "hx-")) && (strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:")):
				found = append(found, "<"+n.Data+" "+a.Key+"> leads to "+a.Val)
			}
		}
	}
	return found
}

// inertStream reads the first event of a stream.
func (r *running) inertStream(address string) {
	r.t.Helper()
	res := r.send(http.MethodGet, address, "")
	defer res.Body.Close()
	var markup strings.Builder
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && lines.Text() != "" {
		line, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || strings.Contains(line, "\r") {
			r.t.Errorf("GET %s: the line %q is no data", address, lines.Text())
		}
		markup.WriteString(line + "\n")
	}
	r.inertMarkup(address, markup.String())
}

// sayEverywhere puts a text into every field of every form of the site's pages, one at a time, and into every string of every body that the
// OpenAPI document has.
func (r *running) sayEverywhere(t *testing.T, evil string) {
	r.t.Helper()
	fields := 0
	for _, page := range []string{
		"/site/mpp-gresik", "/site/mpp-banjar", "/site/mpp-gresik/zone/ruang-tunggu", "/site/mpp-gresik/task/lap-gagang", "/site/mpp-gresik/level", "/site/mpp-gresik/maintenance",
		"/site/mpp-gresik/displays", "/site/mpp-gresik/compliance", "/alerts", "/alert/a1", "/alert/a3", "/refused", "/devices", "/status",
		"/devices/try", "/devices/add?site=mpp-gresik", "/devices/replace?site=mpp-gresik&device=hitung-utama",
	} {
		a := r.get(page)
		for _, form := range find(t, a.body, "form") {
			if strings.ToLower(attr(form, "method")) != "post" || strings.HasSuffix(attr(form, "action"), "/logout") {
				continue
			}
			for name := range filledIn(form) {
				values := filledIn(form)
				if values.Has("id") {
					values.Set("id", newUUID())
				}
				values.Set(name, evil)
				b := r.do(http.MethodPost, attr(form, "action"), values.Encode(), "Accept", "text/html", "Origin", r.url)
				if b.StatusCode >= http.StatusInternalServerError {
					r.t.Errorf("POST %s with %s: got %d", attr(form, "action"), name, b.StatusCode)
				}
				if strings.HasPrefix(b.Header.Get("Content-Type"), "text/html") {
					r.inertMarkup("POST "+attr(form, "action")+" "+name, b.body)
				}
				fields++
			}
		}
	}
	taken := 0
	doc := r.document()
	for path, item := range at(t, doc, "paths").(map[string]any) {
		post, ok := item.(map[string]any)["post"].(map[string]any)
		if !ok || post["requestBody"] == nil {
			continue
		}
		schema := at(t, post, "requestBody", "content", "application/json", "schema").(map[string]any)
		if ref, ok := schema["$ref"].(string); ok {
			schema = at(t, doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(map[string]any)
		}
		_, address := addressOf("POST "+path, "mpp-gresik")
		address = strings.ReplaceAll(address, "alert-of-mpp-gresik", "a1")
		properties := at(t, schema, "properties").(map[string]any)
		for name, p := range properties {
			p := p.(map[string]any)
			if kind, _ := p["type"].(string); kind != "string" || p["format"] != nil || p["enum"] != nil {
				continue
			}
			body := map[string]any{}
			for other, q := range properties {
				body[other] = exampleOf(q.(map[string]any))
			}
			text := []rune(evil)
			if most, ok := p["maxLength"].(float64); ok {
				text = text[:min(len(text), int(most))]
			}
			body[name] = string(text)
			b, err := json.Marshal(body)
			if err != nil {
				r.t.Fatal(err)
			}
			answer := r.do(http.MethodPost, address, string(b), "Content-Type", "application/json", "Accept", "application/json")
			if answer.StatusCode >= http.StatusInternalServerError || answer.body != "" && !json.Valid([]byte(answer.body)) {
				r.t.Errorf("POST %s with %s: got %d %.200s", address, name, answer.StatusCode, answer.body)
			}
			if answer.StatusCode < 300 {
				taken++
			}
		}
	}
	if fields < 40 || taken < 12 {
		r.t.Errorf("fields of forms that were filled in: %d, want 40 or more; bodies that were taken: %d, want 12 or more", fields, taken)
	}
}

// filledIn are the fields of a form as a browser would send them, those that may be empty filled in.
func filledIn(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attr(n, "name")
		if n.Type != html.ElementNode || name == "" {
			continue
		}
		value := attr(n, "value")
		switch kind := attr(n, "type"); {
		case n.Data == "select":
			for o := range n.Descendants() {
				if o.Data == "option" && attr(o, "value") != "" {
					value = attr(o, "value")
				}
			}
		case value != "":
		case kind == "number":
			value = "3"
		case kind == "datetime-local":
			value = fleetNow.Add(time.Hour).Format("2006-01-02T15:04")
		case n.Data == "textarea":
			value = "34.9 36.6"
		default:
			value = "petugas"
		}
		values.Set(name, value)
	}
	return values
}

// exampleOf is a value that the document gives for a property.
func exampleOf(p map[string]any) any {
	if all, _ := p["examples"].([]any); len(all) > 0 && p["format"] != "uuid" {
		return all[0]
	}
	if all, _ := p["enum"].([]any); len(all) > 0 {
		return all[0]
	}
	kind, _ := p["type"].(string)
	if several, ok := p["type"].([]any); ok {
		kind, _ = several[0].(string)
	}
	switch {
	case p["format"] == "uuid":
		return newUUID()
	case p["format"] == "date-time":
		return fleetNow.Add(time.Minute).Format(time.RFC3339)
	case kind == "integer" || kind == "number":
		return 2
	case kind == "array":
		return []any{}
	}
	return "petugas"
}

// TestHostileTextIsSeen: what TestHostileTextIsInert looks for is found where it is.
func TestHostileTextIsSeen(t *testing.T) {
	for _, markup := range []string{
		`<p>=1+1"'><x-pwn x-pwn=1>`, `<p title=""><x-pwn>"></p>`, `<a title="@x" x-pwn="1" onfocus="x">`, `<a href="javascript:x-pwn">`, `<script>x</script>`, `<!-- <x-pwn> -->`, `<base href=x>`,
	} {
		if len(alive(markup)) == 0 {
			t.Errorf("%s: it went unseen", markup)
		}
	}
	for cell, want := range map[string]bool{"=1": true, "\t=1": true, "\x20=1": true, "＝1": true, "@x": true, "-3": true, "'=1": false, "a=1": false, "": false, "2026-01-05": false} {
		if got := formula(cell); got != want {
			t.Errorf("%q: a formula: %t, want %t", cell, got, want)
		}
	}
}

// TestSpreadsheetsReckonNothingOut: no cell of a text begins as a formula does, however it is dressed.
func TestSpreadsheetsReckonNothingOut(t *testing.T) {
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u00a0=1", "＝1", "＋1", "－1", "＠x", "\ufeff=1", "\x00=1"} {
		if got := safeCell(text); formula(got) || !strings.HasSuffix(got, text) {
			t.Errorf("%q: got %q, want it with a mark of text before it", text, got)
		}
	}
	for _, text := range []string{"", "Budi", "2026-01-05", "a=1", "'=1"} {
		if got := safeCell(text); got != text {
			t.Errorf("%q: got %q, want it as it is", text, got)
		}
	}
}
