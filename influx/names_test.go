package influx

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Words that a query language reserves: a name among them has to be quoted in every query, and a query that forgets it fails or
// means something else. Sources: the keywords of the Flux specification and of its parser; the keywords of the InfluxQL
// specification with the tokens of its parser, and time, which it reserves as a column; the reserved words of ISO/IEC 9075-2:2016
// and 2023 as PostgreSQL's appendix C lists them, with what PostgreSQL itself and Apache DataFusion, the SQL of InfluxDB 3,
// reserve besides.
var reserved = map[string]string{
	"Flux": `and or not exists import package option return if then else test testcase builtin empty in true false`,
	"InfluxQL": `all alter analyze and any as asc begin by cardinality continuous create database databases default delete desc
		destinations diagnostics distinct drop duration end every exact explain false field fill for from future grant grants group
		groups in inf insert into key keys kill limit measurement measurements name now offset on or order password past policies
		policy privileges queries query read replication resample retention revoke select series set shard shards show slimit soffset
		stats subscription subscriptions tag time to true tz user users values verbose where with write`,
	"SQL": `abs absent acos all allocate alter and any any_value are array array_agg array_max_cardinality as asensitive asin asymmetric
		at atan atomic authorization avg begin begin_frame begin_partition between bigint binary blob boolean both btrim by call called
		cardinality cascaded case cast ceil ceiling char char_length character character_length check classifier clob close coalesce
		collate collect column commit condition connect constraint contains convert copy corr corresponding cos cosh count covar_pop
		covar_samp create cross cube cume_dist current current_catalog current_date current_default_transform_group current_path
		current_role current_row current_schema current_time current_timestamp current_transform_group_for_type current_user cursor
		cycle date day deallocate dec decfloat decimal declare default define delete dense_rank deref describe deterministic disconnect
		distinct double drop dynamic each element else empty end end_frame end_partition equals escape every except exec execute exists
		exp external extract false fetch filter first_value float floor for foreign frame_row free from full function fusion get global
		grant greatest group grouping groups having hold hour identity in indicator initial inner inout insensitive insert int integer
		intersect intersection interval into is join json json_array json_arrayagg json_exists json_object json_objectagg json_query
		json_scalar json_serialize json_table json_table_primitive json_value lag language large last_value lateral lead leading least
		left like like_regex listagg ln local localtime localtimestamp log log10 lower lpad ltrim match match_number match_recognize
		matches max member merge method min minute mod modifies module month multiset national natural nchar nclob new no none
		normalize not nth_value ntile null nullif numeric occurrences_regex octet_length of offset old omit on one only open or order
		out outer over overlaps overlay parameter partition pattern per percent percent_rank percentile_cont percentile_disc period
		permute portion position position_regex power precedes precision prepare primary procedure ptf range rank reads real recursive
		ref references referencing regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy release
		result return returns revoke right rollback rollup row row_number rows rpad rtrim running savepoint scope scroll search second
		seek select sensitive session_user set show similar sin sinh skip smallint some specific specifictype sql sqlexception sqlstate
		sqlwarning sqrt start static stddev_pop stddev_samp submultiset subset substring substring_regex succeeds sum symmetric system
		system_time system_user table tablesample tan tanh then time timestamp timezone_hour timezone_minute to trailing translate
		translate_regex translation treat trigger trim trim_array true truncate uescape union unique unknown unnest update upper user
		using value value_of values var_pop var_samp varbinary varchar varying versioning when whenever where width_bucket window with
		within without year
		analyse analyze asc binary concurrently deferrable desc do freeze ilike initially isnull limit notnull placing returning
		variadic verbose anti semi pivot unpivot qualify top sort cluster distribute`,
}

// spared are reserved words that are names all the same. ISO reserves VALUE for CREATE DOMAIN alone; no server that speaks SQL to
// these points does, and it is what everybody calls a value in InfluxDB.
var spared = []string{"value"}

// schemaWritten collects what the encoder can write: "measurement tag name" and "measurement field name type".
func schemaWritten(t *testing.T) []string {
	t.Helper()
	site := testSite()
	site.Devices = append(site.Devices,
		facility.Device{ID: "turned", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Swap: true, Offset: 1},
		facility.Device{ID: "air-door", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}})
	e := encoder{places: newPlaces(site)}
	var b batch
	seq := uint64(0)
	for _, device := range []string{"air-1", "air-door", "turned", "button-1"} {
		for _, q := range telemetry.Quantities() {
			for _, flags := range []telemetry.Flags{0, telemetry.FlagRetained, telemetry.FlagClock} {
				seq++
				rec := observed(device, telemetry.Reading{Quantity: q, Value: 1, Channel: "a", Text: "single"})
				rec.Seq, rec.Observation.Flags, rec.Observation.Provenance = seq, flags, telemetry.Corrected
				rec.Observation.Task = &telemetry.TaskLog{Task: "handles", Done: true, Agent: "a", Item: "i", By: "b"}
				e.record(&b, &rec)
			}
		}
	}
	zoned := facility.Task{ID: "floor", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}}
	site.Tasks = append(site.Tasks, zoned)
	e.places.set(&site)
	for _, n := range []telemetry.Entry{{Kind: telemetry.EntryTask, Subject: "floor", Value: 1, Text: "a"}, {Kind: telemetry.EntryCount, Subject: "hall", Value: 3}} {
		seq++
		e.record(&b, &telemetry.Record{Seq: seq, Kind: telemetry.KindEntry, Site: site.ID, At: 5, Entry: &n})
	}
	for _, late := range []bool{false, true} {
		e.transition(&b, &journal.Transition{ID: 1, Transition: rules.Transition{Site: "s", Rule: "r", At: 5, Until: 6, Late: late, Explanation: rules.Explanation{
			HasValue: true, HasLimit: true, Reason: rules.ReasonNear}}})
	}
	e.sample(&b, &journal.Sample{ID: 1, Sample: rules.Sample{Site: "s", Zone: "z", Persons: 3, High: 4, Known: true, Limit: 5, HasLimit: true}})
	e.flow(&b, &journal.Flow{ID: 1, Flow: rules.Flow{Site: site.ID, Device: "air-1", Channel: "a", At: 5}})

	found := map[string]bool{}
	for line := range strings.Lines(string(b.text)) {
		m, err := decoded(line)
		if err != nil {
			t.Fatalf("reading %q: %v", line, err)
		}
		for _, tag := range m.TagList() {
			found[m.Name()+" tag "+tag.Key] = true
		}
		for _, f := range m.FieldList() {
			kind := "float"
			switch f.Value.(type) {
			case int64:
				kind = "integer"
			case string:
				kind = "string"
			}
			found[m.Name()+" field "+f.Key+" "+kind] = true
		}
	}
	var all []string
	for name := range found {
		all = append(all, name)
	}
	slices.Sort(all)
	slices.Reverse(all) // tags before fields
	return all
}

// Finding I1: the names are fixed for good, and no query language reserves one of them.
func TestI1_NoNameIsReserved(t *testing.T) {
	t.Parallel()
	languages := map[string][]string{}
	for language, words := range reserved {
		for word := range strings.FieldsSeq(words) {
			languages[word] = append(languages[word], language)
		}
	}
	names := schemaWritten(t)
	if len(names) < 100 {
		t.Fatalf("%d names are written: the test sees too few of them", len(names))
	}
	tags := map[string]bool{}
	for _, name := range names {
		words := strings.Fields(name)
		if words[1] == "tag" {
			tags[words[0]+" "+words[2]] = true
		} else if tags[words[0]+" "+words[2]] {
			t.Errorf("%s: %q is a tag too, which InfluxDB 3 refuses", words[0], words[2])
		}
		for _, word := range []string{words[0], words[2]} {
			if by := languages[word]; len(by) > 0 && !slices.Contains(spared, word) {
				t.Errorf("%s: %q is reserved by %v", name, word, by)
			}
		}
	}
}

// Finding I1: the reference lists every measurement, tag, field and type that is written, and no other.
func TestI1_TheReferenceListsTheSchema(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/influxdb.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		measurement := strings.Trim(cells[1], " `")
		switch kind := strings.TrimSpace(cells[3]); kind {
		case "tag", "integer", "float", "string":
			for name := range strings.SplitSeq(cells[2], ",") {
				name = strings.Trim(name, " `")
				if kind == "tag" {
					documented[measurement+" tag "+name] = true
				} else {
					documented[measurement+" field "+name+" "+kind] = true
				}
			}
		}
	}
	for _, name := range schemaWritten(t) {
		if !documented[name] {
			t.Errorf("docs/influxdb.md lacks: %s", name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/influxdb.md has what is never written: %s", name)
	}
}
