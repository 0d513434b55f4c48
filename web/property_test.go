package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/testengine"
)

// TestTheAPIKeepsItsWord asks for every operation of the OpenAPI document, as every role, at a site of its own and at another, with parameters
// and bodies that the document allows and with such that it does not. Nothing ends in a failure of the gateway; status, type and body of each
// answer are documented; nobody gets what the table of routes does not give him, and no word of another site; and a parameter that there is
// not is refused by its name.
//
// GERBANG_CASES=50 asks fifty times as much of each; the seed is logged.
func TestTheAPIKeepsItsWord(t *testing.T) {
	each := 3
	if testengine.Racing {
		each = 1
	}
	if n, err := strconv.Atoi(os.Getenv("GERBANG_CASES")); err == nil && n > 0 {
		each = n
	}
	f := newFleet()
	for _, site := range []string{ownSite, foreignSite} {
		a := f.open[0]
		a.ID, a.Site, a.SiteName = "alert-of-"+site, site, f.views[site].Name
		f.open = append(f.open, a)
	}
	r := start(t, f, func(o *Options) {
		full(t)(o)
		o.Rehearsals = aTrial()
	})
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "admin", Grants: []accounts.Grant{{May: accounts.Administrator.May()}}}, nil
	}
	w := newWord(t, r)
	rng := rand.New(rand.NewPCG(testengine.Seed(t), 10))
	for _, role := range accounts.Roles() {
		for _, sites := range [][]string{{ownSite}, nil} {
			caller := &accounts.Caller{Account: "1", Name: string(role), Grants: []accounts.Grant{{May: role.May(), Sites: sites}}}
			r.access.identify = func(*http.Request) (*accounts.Caller, error) { return caller, nil }
			for i := range w.operations {
				for range each {
					for _, site := range []string{ownSite, foreignSite} {
						w.ask(rng, &w.operations[i], role, sites, site)
					}
				}
			}
		}
	}
	if w.asked[http.StatusOK]+w.asked[http.StatusNoContent] < len(w.operations) {
		t.Errorf("answers by status: %v: too few of them are of a question that was understood", w.asked)
	}
	t.Logf("%d operations, answers by status: %v", len(w.operations), w.asked)
}

const ownSite, foreignSite = "mpp-gresik", "mpp-magetan"

// word is what the OpenAPI document promises.
type word struct {
	t          *testing.T
	r          *running
	doc        map[string]any
	compiler   *jsonschema.Compiler
	schemas    map[string]*jsonschema.Schema
	operations []operation
	asked      map[int]int
}

type operation struct {
	method, path string
	item         map[string]any
	route        route
}

func newWord(t *testing.T, r *running) *word {
	t.Helper()
	w := &word{t: t, r: r, doc: r.document(), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, asked: map[int]int{}}
	w.compiler.AssertFormat()
	if err := w.compiler.AddResource("gerbang:openapi", w.doc); err != nil {
		t.Fatal(err)
	}
	for path, item := range at(t, w.doc, "paths").(map[string]any) {
		for method, op := range item.(map[string]any) {
			w.operations = append(w.operations, operation{method: strings.ToUpper(method), path: path, item: op.(map[string]any)})
		}
	}
	slices.SortFunc(w.operations, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	documented := map[string]bool{}
	for i := range w.operations {
		o := &w.operations[i]
		documented[o.method+" "+o.path] = true
		for _, rt := range routeTable() {
			if rt.pattern == o.method+" "+o.path {
				o.route = rt
			}
		}
		if o.route.pattern == "" {
			t.Errorf("%s %s: it is documented and not in the table of routes", o.method, o.path)
		}
	}
	for _, rt := range routeTable() {
		if strings.Contains(rt.pattern, " /api/v1/") && !documented[rt.pattern] && !strings.HasSuffix(rt.pattern, "/openapi.json") {
			t.Errorf("%s: it is in the table of routes and not documented", rt.pattern)
		}
	}
	return w
}

// ask makes one request up and judges the answer.
func (w *word) ask(rng *rand.Rand, o *operation, role accounts.Role, sites []string, site string) {
	path, query, strange, alert := w.address(rng, o, site)
	body, asked, headers := "", site, []string{"Accept", "application/json"}
	if o.method == http.MethodPost {
		body, asked = w.body(rng, o, site)
		headers = append(headers, "Content-Type", "application/json")
	}
	address := path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	a := w.r.do(o.method, address, body, headers...)
	w.asked[a.StatusCode]++
	said := fmt.Sprintf("%s %s %s as %s of %v", o.method, address, body, role, sites)
	if a.StatusCode >= 500 {
		w.t.Errorf("%s: got %d %.300s", said, a.StatusCode, a.body)
		return
	}
	w.documented(o, said, &a)
	// What another site has is answered as what there is not.
	refused := a.StatusCode == http.StatusForbidden || a.StatusCode == http.StatusUnauthorized || o.route.at == ofAlert && a.StatusCode == http.StatusNotFound
	gone := o.route.at == ofAlert && a.StatusCode == http.StatusNotFound && alert != "alert-of-"+site && alert != "a1"
	switch is, want := !refused || gone, w.allowed(o, role, sites, asked, query, alert); {
	case is != want && (!is || o.route.at != anywhere || a.StatusCode < 400): // a body that is wrong may be refused before its site is looked at
		w.t.Errorf("%s: got %d, want it let in: %t", said, a.StatusCode, want)
	case want && !gone && strange != "" && (a.StatusCode < 400 || !strings.Contains(a.body, strange)):
		w.t.Errorf("%s: got %d %.300s, want a refusal that names the parameter %q", said, a.StatusCode, a.body, strange)
	}
	if sites != nil && a.StatusCode < 300 && strings.Contains(strings.ToLower(a.body), "magetan") && !strings.Contains(strings.ToLower(address+body), "magetan") {
		w.t.Errorf("%s: the answer tells of a foreign site: %.300s", said, a.body)
	}
}

// allowed is what the policy says, as TestEveryRouteForEveryRole writes it.
func (w *word) allowed(o *operation, role accounts.Role, sites []string, site string, query url.Values, alert string) bool {
	may := slices.Contains(strings.Fields(roleMay[role]), string(o.route.may))
	switch o.route.at {
	case open, known:
		return true
	case everywhere, ownDoor:
		return may && sites == nil
	case inQuery:
		asked := query.Get("site")
		return may && (sites == nil || asked == "" || asked == ownSite)
	case inPath:
		return may && (sites == nil || site == ownSite)
	case ofAlert:
		return may && (sites == nil || alert != "alert-of-"+foreignSite && alert != "a2" && alert != "a3" && alert != "a4")
	}
	return may && (sites == nil || o.method == http.MethodGet || site == "" || site == ownSite)
}

// documented compares an answer with what the document says of it.
func (w *word) documented(o *operation, said string, a *answer) {
	code := strconv.Itoa(a.StatusCode)
	responses := o.item["responses"].(map[string]any)
	response, ok := responses[code].(map[string]any)
	if !ok {
		w.t.Errorf("%s: got %d, which is not documented: %.300s", said, a.StatusCode, a.body)
		return
	}
	content, _ := response["content"].(map[string]any)
	if len(content) == 0 {
		if a.body != "" {
			w.t.Errorf("%s: got %d with %.100q, want no body", said, a.StatusCode, a.body)
		}
		return
	}
	kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || content[kind] == nil {
		w.t.Errorf("%s: got %d as %q, want one of %v", said, a.StatusCode, a.Header.Get("Content-Type"), content)
		return
	}
	if kind == "text/csv" {
		return
	}
	pointer := "gerbang:openapi#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(o.path) + "/" + strings.ToLower(o.method) +
		"/responses/" + code + "/content/" + strings.ReplaceAll(kind, "/", "~1") + "/schema"
	schema := w.schemas[pointer]
	if schema == nil {
		if schema, err = w.compiler.Compile(pointer); err != nil {
			w.t.Fatalf("%s: its schema does not compile: %v", pointer, err)
		}
		w.schemas[pointer] = schema
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(a.body)))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		w.t.Errorf("%s: got %d %.300s, which breaks its schema: %v", said, a.StatusCode, a.body, err)
	}
}

// address makes an address up. strange is a parameter that there is not.
func (w *word) address(rng *rand.Rand, o *operation, site string) (path string, query url.Values, strange, alert string) {
	one := func(of ...string) string { return of[rng.IntN(len(of))] }
	alert = one("alert-of-"+site, "alert-of-"+site, "a1", "gone", "'\"<")
	path = o.path
	for name, value := range map[string]string{
		"site": site, "zone": one("loket", "loket", "ruang-tunggu", wholeSite, "nowhere", "\u202e<b>"), "task": one("lap-gagang", "nothing"), "alert": alert,
		"device": one("suhu-utama", "hitung-utama", "nothing", "a b"), "case": one("nothing", "suhu-utama-1767596400000"),
	} {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	query = url.Values{}
	parameters, _ := o.item["parameters"].([]any)
	for _, p := range parameters {
		p := p.(map[string]any)
		if name, _ := p["name"].(string); p["in"] == "query" && (rng.IntN(2) == 0 || p["required"] == true) {
			if name == "site" {
				query.Set(name, site)
				continue
			}
			schema, _ := p["schema"].(map[string]any)
			if example, ok := documentedExample(p, schema); ok && rng.IntN(2) == 0 {
				query.Set(name, fmt.Sprint(example))
				continue
			}
			query.Set(name, textOf(w.value(rng, schema, 0)))
		}
	}
	if rng.IntN(6) == 0 {
		strange = one("limt", "sites", "Limit", "q")
		query.Set(strange, "1")
	}
	return path, query, strange, alert
}

func documentedExample(p, schema map[string]any) (any, bool) {
	if e := p["example"]; e != nil {
		return e, true
	}
	if all, _ := schema["examples"].([]any); len(all) > 0 {
		return all[0], true
	}
	return nil, false
}

func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// body makes a body up: mostly one that the document allows. asked is the site that it is about; empty: no certain one.
func (w *word) body(rng *rand.Rand, o *operation, site string) (body, asked string) {
	if o.route.at == inPath {
		asked = site
	}
	content, ok := o.item["requestBody"].(map[string]any)
	if !ok {
		return []string{"", "{}", "null"}[rng.IntN(3)], asked
	}
	schema := at(w.t, content, "content", "application/json", "schema").(map[string]any)
	value := w.value(rng, schema, 0)
	if m, ok := value.(map[string]any); ok && m["site"] != nil {
		m["site"], asked = site, site
	}
	switch rng.IntN(10) {
	case 0:
		return []string{"", "null", "[]", "{", `"x"`, "{}", "\xff", strings.Repeat("[", 200), `{"id":1e999}`}[rng.IntN(9)], site
	case 1:
		if m, ok := value.(map[string]any); ok {
			for k := range m {
				m[k] = []any{nil, -1, "", []any{}, map[string]any{}, true, 1e18}[rng.IntN(7)]
				break
			}
		}
	case 2:
		if m, ok := value.(map[string]any); ok {
			m["nobody_knows_this"] = 1
		}
	}
	if m, ok := value.(map[string]any); ok && o.route.at != inPath {
		asked, _ = m["site"].(string)
	}
	b, err := json.Marshal(value)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b), asked
}

// value makes a value of a schema up: one in eight breaks it.
func (w *word) value(rng *rand.Rand, schema map[string]any, depth int) any {
	if ref, ok := schema["$ref"].(string); ok {
		schema = at(w.t, w.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(map[string]any)
	}
	if rng.IntN(8) == 0 && depth > 0 {
		return []any{"", strings.Repeat("x", 300), -1e9, 1e9, nil, "2026-02-30", "\u0000\u202e=1+1", "NaN"}[rng.IntN(8)]
	}
	if enum, ok := schema["enum"].([]any); ok {
		return enum[rng.IntN(len(enum))]
	}
	kind, _ := schema["type"].(string)
	if several, ok := schema["type"].([]any); ok {
		kind, _ = several[0].(string)
	}
	number := func(name string, other float64) float64 {
		if n, ok := schema[name].(float64); ok {
			return n
		}
		return other
	}
	switch kind {
	case "object":
		m := map[string]any{}
		required, _ := schema["required"].([]any)
		properties, _ := schema["properties"].(map[string]any)
		for name, p := range properties {
			if slices.Contains(required, any(name)) || rng.IntN(2) == 0 {
				m[name] = w.value(rng, p.(map[string]any), depth+1)
			}
		}
		return m
	case "array":
		items, _ := schema["items"].(map[string]any)
		list := make([]any, rng.IntN(4))
		for i := range list {
			list[i] = w.value(rng, items, depth+1)
		}
		return list
	case "boolean":
		return rng.IntN(2) == 0
	case "integer", "number":
		least, most := number("minimum", -10), number("maximum", 200)
		n := least + rng.Float64()*(most-least)
		if kind == "integer" || schema["multipleOf"] != nil {
			return float64(int64(n))
		}
		return n
	}
	if all, _ := schema["examples"].([]any); len(all) > 0 && rng.IntN(2) == 0 {
		return all[0]
	}
	switch schema["format"] {
	case "uuid":
		return fmt.Sprintf("%08x-0000-4000-8000-%012x", rng.Uint32(), rng.Uint64()>>16)
	case "date-time":
		return fleetNow.Add(time.Duration(rng.IntN(400)-200) * time.Hour).Format(time.RFC3339)
	}
	text := "petugas \"pagi\" <b>&amp; =SUM(A1)"
	return text[:min(len(text), int(number("maxLength", 20)), 1+rng.IntN(len(text)))]
}
