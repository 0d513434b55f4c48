package gerbang_test

import (
	"fmt"
	"go/ast"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/gerbang-iot/gerbang"

// confined packages import only what is listed, their own subfolders, and the standard library less what pureStandard forbids.
var confined = []struct {
	packages string
	allowed  []string
	reason   string
}{
	{"telemetry", nil, "a reading is a plain value that every layer shares"},
	{"facility", []string{module + "/telemetry"}, "a building is a plain value that every layer shares"},
	{"rules", []string{module + "/facility", module + "/telemetry", "cel.dev/cel-go"}, "verdicts are a pure function of the journal"},
	{"compliance", []string{module + "/rules", module + "/facility", module + "/telemetry"}, "how verdicts add up is a pure function of them, the same for whoever asks"},
}

// impure is what of the standard library the confined packages may not import, with the reason.
var impure = []ban{
	{"", nil, []string{"net", "os", "io/fs", "database/sql", "embed", "syscall"}, "no I/O: the same journal gives the same verdicts, on any machine"},
	{"", nil, []string{"log"}, "no logger: what happened is a returned value"},
	{"", []string{"rules/shared"}, []string{"context", "sync"}, "no goroutine: one caller owns the engine"},
	{"", nil, []string{"math/rand", "crypto/rand"}, "no chance: replaying gives the same result, bit for bit"},
}

// clockCalls are the functions of package time that read or wait for the machine's clock or use its zone.
var clockCalls = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Local"}

// ban says that packages, except some, may not import paths. Packages and imports are matched with all that lies below them.
type ban struct {
	packages string // "" is every package
	except   []string
	imports  []string
	reason   string
}

var bans = []ban{
	{"", []string{"journal/sqlite", "testengine/torture"}, []string{"database/sql", "modernc.org/sqlite"}, "the journal is the one owner of SQL: what is durable is decided in one place"},
	{"web", nil, []string{"github.com/eclipse/paho.mqtt.golang", "github.com/mochi-mqtt", "github.com/influxdata"}, "pages ask small ports, so they work whichever engine is behind"},
	{"", []string{"testengine", "journal/journaltest"}, []string{module + "/testengine", module + "/journal/journaltest", "testing"}, "only tests start test engines"},
	{"testengine/torture", nil, []string{module + "/journal", module + "/gateway", "github.com/cespare/xxhash"}, "an oracle that shares code with the journal shares its faults"},
	{"testengine/recompute", nil, []string{module + "/rules"}, "a second implementation that shares code shares its faults"},
	{"audit", nil, append(among("accounts", "alerts", "facility", "gateway", "influx", "ingest", "journal", "keyfile", "rules", "web"), outer...), "a log is verified by whoever does not trust the gateway: nothing of it is needed"},
	{"audit", nil, []string{"net", "os", "database/sql"}, "what a log consists of is handed to it, from wherever it comes"},
	{"configs", nil, []string{module + "/cmd", module + "/app"}, "configuration is read for the program, it does not know it"},
	{"app", nil, []string{module + "/cmd", "github.com/spf13/cobra"}, "the running gateway is started by commands, it does not know them"},
	{"accounts", nil, outer, "components are wired by the program, they do not know it"},
	{"accounts", nil, among("alerts", "gateway", "influx", "ingest", "journal", "rules", "web"), "who may do what is asked by pages and kept by the journal; it knows none of them"},
	{"alerts", nil, outer, "components are wired by the program, they do not know it"},
	{"alerts", nil, among("gateway", "influx", "ingest", "journal", "web"), "an alert is made of verdicts; who keeps, shows or sends it knows it"},
	{"gateway", nil, among("influx", "web"), "InfluxDB and pages follow behind the loop, and never hold it up"},
	{"gateway", nil, outer, "components are wired by the program, they do not know it"},
	{"influx", nil, among("alerts", "gateway", "ingest", "web"), "InfluxDB gets what the journal has, and nothing else"},
	{"influx", nil, outer, "components are wired by the program, they do not know it"},
	{"ingest", nil, among("alerts", "gateway", "influx", "journal", "web"), "who takes messages knows it; it knows none of them"},
	{"ingest", nil, outer, "components are wired by the program, they do not know it"},
	{"journal", nil, among("gateway", "influx", "ingest", "web"), "who uses the journal knows it; it knows none of them"},
	{"journal", nil, outer, "components are wired by the program, they do not know it"},
	{"ownca", nil, outer, "components are wired by the program, they do not know it"},
	{"ownca", nil, among("accounts", "alerts", "gateway", "influx", "ingest", "journal", "rules", "web"), "a certificate is for whoever serves; it knows none of them"},
	{"revise", nil, append(among("facility", "telemetry", "rules", "web"), outer...), "a file is changed as text, whatever it means"},
	{"signon", nil, outer, "components are wired by the program, they do not know it"},
	{"signon", nil, among("alerts", "gateway", "influx", "ingest", "journal", "rules", "web"), "who somebody is elsewhere is asked for by pages; it knows none of them"},
	{"reach", nil, among("gateway", "influx", "ingest", "journal", "web"), "it carries out what stands in the journal, and knows neither that nor pages"},
	{"reach", nil, outer, "components are wired by the program, they do not know it"},
	{"rehearse", nil, among("gateway", "influx", "ingest", "journal", "web"), "what did not happen is judged as what did, by rules and alerts alone; who has records brings them"},
	{"rehearse", nil, outer, "components are wired by the program, they do not know it"},
	{"evidence", nil, among("gateway", "influx", "ingest", "web"), "a pack is checked where there is no gateway"},
	{"evidence", nil, outer, "components are wired by the program, they do not know it"},
	{"web", nil, among("gateway", "influx", "ingest", "journal"), "pages ask small ports, so they work whichever engine is behind"},
	{"web", nil, outer, "components are wired by the program, they do not know it"},
}

// decodeFloors begins the paths of the floors of ingest/decode.
const decodeFloors = "ingest/decode/"

// strict hold for tests as well.
var strict = []ban{
	{"", []string{"cmd", "app", "journal/sqlite"}, []string{module + "/journal/sqlite"}, "the wiring alone knows which journal it is; all others, and their tests, know the contract"},
}

// outer lies outside the components.
var outer = []string{module + "/cmd", module + "/app", module + "/configs"}

// among are paths of this module.
func among(packages ...string) []string {
	paths := make([]string, len(packages))
	for i, name := range packages {
		paths[i] = module + "/" + name
	}
	return paths
}

// floors are the packages below ingest/decode from the ground up: each imports only what stands before it. ingest/decode itself is on top.
var floors = []string{
	"object", "transcode", "codec", "frame", "script", // notations and frames, as one JSON object
	"written", "meaning", "redact", "fault", "document", "pattern", // what texts, names, faults, objects and topics are
	"model",     // kinds of devices as data
	"reading",   // one message, whatever its format
	"memory",    // what devices announced, on disk
	"formats",   // how messages are written
	"route",     // whose message it is
	"strangers", // devices that nobody configured
}

func TestImportsPointOneWay(t *testing.T) {
	report(t, importProblems(sources(t, os.DirFS("."))))
}

func TestForbiddenImportsAreSeen(t *testing.T) {
	source := func(imports, body string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("package p\n" + imports + "\n" + body)}
	}
	tree := fstest.MapFS{
		"telemetry/a.go":             source(`import ("math"; "net/netip")`, ""),
		"facility/a.go":              source(`import ("time"; "`+module+`/telemetry"; "`+module+`/rules")`, "func f() { time.Now() }"),
		"rules/a.go":                 source(`import ("cel.dev/cel-go/cel"; "`+module+`/facility"; "golang.org/x/text/language")`, "func f() { go f() }"),
		"rules/deep/b.go":            source(`import ("sync/atomic"; clock "time"; "`+module+`/rules")`, "func f() { clock.Sleep(1); clock.Unix(1, 0) }"),
		"rules/a_test.go":            source(`import ("os"; "time")`, "func f() { time.Now() }"),
		"journal/sqlite/a.go":        source(`import ("database/sql"; _ "modernc.org/sqlite"; "`+module+`/configs/strict"; "`+module+`/journal")`, ""),
		"journal/a.go":               source(`import ("database/sql"; "`+module+`/gateway")`, ""),
		"gateway/a_test.go":          source(`import ("testing"; "`+module+`/journal/sqlite"; "`+module+`/journal/journaltest")`, ""),
		"webhook/a.go":               source(`import "github.com/eclipse/paho.mqtt.golang"`, ""),
		"web/a.go":                   source(`import ("database/sql"; "github.com/influxdata/influxdb-client-go/v2"; "`+module+`/journal"; "`+module+`/alerts")`, ""),
		"app/a.go":                   source(`import ("`+module+`/configs"; "`+module+`/journal/sqlite"; "`+module+`/cmd/gerbang")`, ""),
		"configs/a.go":               source(`import "`+module+`/app"`, ""),
		"influx/a.go":                source(`import ("`+module+`/app"; "`+module+`/alerts"; "`+module+`/journal"; "`+module+`/keyfile")`, ""),
		"alerts/a.go":                source(`import "`+module+`/journal"`, ""),
		"rehearse/a.go":              source(`import ("`+module+`/journal"; "`+module+`/rules"; "`+module+`/configs/strict")`, ""),
		"gateway/a.go":               source(`import ("`+module+`/web"; "`+module+`/alerts"; "`+module+`/ingest/decode"; "`+module+`/journal")`, ""),
		"ingest/push/a.go":           source(`import "`+module+`/gateway"`, ""),
		"cmd/gerbang/a.go":           source(`import ("`+module+`/configs"; "`+module+`/testengine")`, ""),
		"testengine/torture/a.go":    source(`import ("database/sql"; "`+module+`/journal")`, ""),
		"ingest/decode/fault/a.go":   source(`import ("`+module+`/ingest/decode/written"; "`+module+`/ingest/decode/reading")`, ""),
		"ingest/decode/reading/a.go": source(`import ("`+module+`/ingest/decode"; "`+module+`/ingest"; "`+module+`/ingest/decode/model")`, ""),
		"ingest/decode/attic/a.go":   source(``, ""),
	}
	sameProblems(t, importProblems(sources(t, tree)),
		"telemetry/a.go:2: imports net/netip: no I/O: the same journal gives the same verdicts, on any machine",
		"facility/a.go:2: imports "+module+"/rules: a building is a plain value that every layer shares",
		"facility/a.go:3: uses time.Now: time is an argument, so that replaying gives the same result",
		"rules/a.go:2: imports golang.org/x/text/language: verdicts are a pure function of the journal",
		"rules/a.go:3: starts a goroutine: one caller owns the engine",
		"rules/deep/b.go:2: imports sync/atomic: no goroutine: one caller owns the engine",
		"rules/deep/b.go:3: uses time.Sleep: time is an argument, so that replaying gives the same result",
		"gateway/a_test.go:2: imports "+module+"/journal/sqlite: the wiring alone knows which journal it is; all others, and their tests, know the contract",
		"journal/a.go:2: imports database/sql: the journal is the one owner of SQL: what is durable is decided in one place",
		"journal/a.go:2: imports "+module+"/gateway: who uses the journal knows it; it knows none of them",
		"journal/sqlite/a.go:2: imports "+module+"/configs/strict: components are wired by the program, they do not know it",
		"web/a.go:2: imports database/sql: the journal is the one owner of SQL: what is durable is decided in one place",
		"web/a.go:2: imports github.com/influxdata/influxdb-client-go/v2: pages ask small ports, so they work whichever engine is behind",
		"web/a.go:2: imports "+module+"/journal: pages ask small ports, so they work whichever engine is behind",
		"influx/a.go:2: imports "+module+"/alerts: InfluxDB gets what the journal has, and nothing else",
		"alerts/a.go:2: imports "+module+"/journal: an alert is made of verdicts; who keeps, shows or sends it knows it",
		"rehearse/a.go:2: imports "+module+"/journal: what did not happen is judged as what did, by rules and alerts alone; who has records brings them",
		"rehearse/a.go:2: imports "+module+"/configs/strict: components are wired by the program, they do not know it",
		"gateway/a.go:2: imports "+module+"/web: InfluxDB and pages follow behind the loop, and never hold it up",
		"ingest/push/a.go:2: imports "+module+"/gateway: who takes messages knows it; it knows none of them",
		"app/a.go:2: imports "+module+"/cmd/gerbang: the running gateway is started by commands, it does not know them",
		"configs/a.go:2: imports "+module+"/app: configuration is read for the program, it does not know it",
		"influx/a.go:2: imports "+module+"/app: components are wired by the program, they do not know it",
		"cmd/gerbang/a.go:2: imports "+module+"/testengine: only tests start test engines",
		"ingest/decode/fault/a.go:2: imports "+module+"/ingest/decode/reading: the floors of ingest/decode lie above each other, and formats, router and strangers know what is below",
		"ingest/decode/reading/a.go:2: imports "+module+"/ingest/decode: the floors of ingest/decode lie above each other, and formats, router and strangers know what is below",
		"ingest/decode/attic/a.go:1: is no floor of ingest/decode: want its place in the list of floors",
		"testengine/torture/a.go:2: imports "+module+"/journal: an oracle that shares code with the journal shares its faults")
}

// importProblems names every import, and in the confined packages every use of clock and goroutine, that a table above forbids.
// Tests may do as they like, but for what is strict.
func importProblems(files []source) []string {
	var problems []string
	for _, f := range files {
		add := func(node ast.Node, format string, args ...any) {
			problems = append(problems, fmt.Sprintf("%s:%d: %s", f.path, f.fset.Position(node.Pos()).Line, fmt.Sprintf(format, args...)))
		}
		for _, b := range strict {
			b.check(f, add)
		}
		if f.test {
			continue
		}
		for _, b := range bans {
			b.check(f, add)
		}
		if floor := slices.Index(floors, strings.TrimPrefix(f.dir, decodeFloors)); strings.HasPrefix(f.dir, decodeFloors) {
			if floor < 0 {
				add(f.file.Name, "is no floor of ingest/decode: want its place in the list of floors")
			}
			for _, spec := range f.file.Imports {
				rest, ok := strings.CutPrefix(importPath(spec)+"/", module+"/"+decodeFloors)
				if at := slices.Index(floors, strings.TrimSuffix(rest, "/")); importPath(spec) == module+"/ingest/decode" || ok && at > floor {
					add(spec, "imports %s: the floors of ingest/decode lie above each other, and formats, router and strangers know what is below", importPath(spec))
				}
			}
		}
		for _, c := range confined {
			if !below(f.dir, c.packages) {
				continue
			}
			for _, spec := range f.file.Imports {
				name := importPath(spec)
				if !standard(name) && !belowAny(name, append(c.allowed, module+"/"+c.packages)) {
					add(spec, "imports %s: %s", name, c.reason)
				}
			}
			for _, b := range impure {
				b.check(f, add)
			}
			purity(f, add)
		}
	}
	return problems
}

func (b ban) check(f source, add func(ast.Node, string, ...any)) {
	if !below(f.dir, b.packages) || belowAny(f.dir, b.except) {
		return
	}
	for _, spec := range f.file.Imports {
		if name := importPath(spec); belowAny(name, b.imports) {
			add(spec, "imports %s: %s", name, b.reason)
		}
	}
}

// purity finds goroutines and the machine's clock.
func purity(f source, add func(ast.Node, string, ...any)) {
	clock := ""
	for _, spec := range f.file.Imports {
		if importPath(spec) == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
	}
	ast.Inspect(f.file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.GoStmt:
			add(node, "starts a goroutine: one caller owns the engine")
		case *ast.SelectorExpr:
			if x, ok := node.X.(*ast.Ident); ok && clock != "" && x.Name == clock && slices.Contains(clockCalls, node.Sel.Name) {
				add(node, "uses time.%s: time is an argument, so that replaying gives the same result", node.Sel.Name)
			}
		}
		return true
	})
}

func importPath(spec *ast.ImportSpec) string {
	name, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value // the parser takes nothing that ends here
	}
	return name
}

// standard tells a path of the standard library, whose first element has no dot.
func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

// below tells whether a slash-separated path is root or lies under it; everything lies under "".
func below(name, root string) bool {
	return root == "" || name == root || strings.HasPrefix(name, root+"/")
}

func belowAny(name string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return below(name, root) })
}
