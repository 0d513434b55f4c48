package rules

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// EngineVersion names what the engine makes of records. It changes whenever the same records could give other verdicts, or a
// snapshot another layout. The journal says which version judged from which record on: an upgrade never rewrites a verdict,
// and a replay recomputes only what its own version judged.
const EngineVersion = "7"

// snapshotFormat opens every snapshot: one of another version is not read.
const snapshotFormat = "gerbang rules " + EngineVersion

// Horizon is how far back an engine looks: it knows the present from the records of that time and what stands before it.
const Horizon = horizon

// checksumSize is that of the CRC-32C at the end: a snapshot that was cut or damaged is told from one of ours.
const checksumSize = 4

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// Snapshot is the engine's whole state in a versioned encoding; Restore on a fresh engine gives one that behaves
// identically from then on. Equal states give equal bytes. There are no errors at present.
func (e *Engine) Snapshot() ([]byte, error) {
	c := &encoder{b: make([]byte, 0, e.snapshotSize+e.snapshotSize/8+1<<12)}
	c.string(snapshotFormat)
	c.string(e.site)
	c.quantities()
	c.instant(e.clock)
	c.uint(e.record)
	c.list(len(e.plans))
	for _, p := range e.plans {
		c.string(p.version)
		c.instant(p.from)
		c.string(string(p.source.Text()))
	}
	if e.plan != nil {
		e.encode(c)
	}
	c.b = binary.LittleEndian.AppendUint32(c.b, checksum(c.b))
	e.snapshotSize = len(c.b)
	return c.b, nil
}

// encode writes all that follows from a configuration.
func (e *Engine) encode(c *encoder) {
	for _, at := range []telemetry.Instant{e.since, e.enforced, e.day, e.midnight, e.resetAt, e.levelAt, e.levels.since} {
		c.instant(at)
	}
	c.string(e.levels.now)
	c.list(len(e.levels.entries))
	for _, l := range e.levels.entries {
		c.instant(l.from)
		c.instant(l.until)
		c.instant(l.made)
		c.string(l.id)
		c.string(l.level)
	}
	c.list(len(e.levels.ends))
	for _, x := range e.levels.ends {
		c.string(x.id)
		c.instant(x.at)
	}
	c.list(len(e.upkeep.entries))
	for i := range e.upkeep.entries {
		x := &e.upkeep.entries[i]
		for _, at := range []telemetry.Instant{x.from, x.until, x.made} {
			c.instant(at)
		}
		for _, s := range []string{x.id, string(x.scope.Kind), x.scope.ID, x.by, x.reason} {
			c.string(s)
		}
	}
	c.list(len(e.upkeep.ends))
	for _, x := range e.upkeep.ends {
		c.string(x.id)
		c.instant(x.at)
	}
	c.list(len(e.deafness.spans))
	for _, s := range e.deafness.spans {
		c.instant(s.from)
		c.instant(s.to)
	}
	c.balances(e)
	for _, z := range e.allZones() {
		c.zone(z)
		c.instant(e.queue.at[z.slot])
	}
	for _, d := range e.doors {
		c.string(d.id)
		c.tally(d.total)
		c.tally(d.today)
		c.uint(d.screened)
		c.uint(d.tooWarm)
		c.list(len(d.screens))
		for _, s := range d.screens {
			c.int(s.slot)
			c.uint(s.people)
			c.uint(s.tooWarm)
		}
		c.instant(d.counted)
		c.list(len(d.minutes))
		var at telemetry.Instant
		for _, m := range d.minutes {
			c.b = appendWhole(c.b, int64(m.at-at), int64(time.Minute))
			c.b = appendWhole(c.b, int64(m.in), int64(person))
			c.uint(uint64(m.credible))
			c.uint(uint64(m.implausible))
			at = m.at
		}
		c.caseBook(d.cases)
	}
	for _, t := range e.tasks {
		c.task(t)
	}
	for d := range e.everyDevice() {
		c.device(d)
	}
	c.list(len(e.instances))
	for _, i := range e.instances {
		c.instance(i, e.plans)
		c.instant(e.queue.at[i.slot])
	}
}

func (c *encoder) instant(t telemetry.Instant) { c.int(int64(t)) }
func (c *encoder) list(n int)                  { c.uint(uint64(n)) }

func (c *encoder) tally(t tally) {
	c.int(int64(t.in))
	c.int(int64(t.out))
}

func (c *encoder) zone(z *zoneState) {
	c.string(z.id)
	var was entry[balance]
	for t := range z.line.tiers {
		tier := z.line.tier(t)
		c.list(len(tier))
		for i := range tier {
			e := &tier[i]
			c.b = appendWhole(c.b, int64(e.at-was.at), int64(time.Millisecond))
			c.balance(&e.v, &was.v)
			was = *e
		}
	}
	c.learning(z)
	c.tally(z.today)
	c.instant(z.heard)
	s := &z.sampled
	c.instant(s.At)
	if s.At != 0 {
		c.float(s.Persons)
		c.float(s.Error)
		c.float(s.Limit)
		c.float(s.Low)
		c.float(s.High)
		c.bool(s.Known)
		c.bool(s.HasLimit)
		c.int(int64(s.Verdict))
		c.bool(s.Near)
		c.uint(s.Record)
	}
}

func (c *encoder) task(t *taskState) {
	c.string(t.id)
	c.instant(t.since)
	c.list(len(t.done))
	for _, d := range t.done {
		c.instant(d.at)
		c.string(d.item)
		c.string(d.press)
		c.string(d.device)
		c.string(d.by)
		c.string(d.agent)
		c.instant(d.began)
		c.instant(d.received)
		c.instant(d.earliest)
		c.quantity(d.quantity)
		c.uint(d.sequence)
		c.uint(d.record)
	}
}

// caseBook writes what was measured at a door, and what people said of its cases.
func (c *encoder) caseBook(b *caseBook) {
	c.bool(b != nil)
	if b == nil {
		return
	}
	c.list(len(b.sensors))
	for _, s := range b.sensors {
		c.string(s.device)
		c.string(s.channel)
	}
	var was telemetry.Instant
	for t := range b.line.tiers {
		tier := b.line.tier(t)
		c.list(len(tier))
		for i := range tier {
			e := &tier[i]
			c.b = appendWhole(c.b, int64(e.at-was), int64(time.Millisecond))
			c.float(e.v.value)
			c.b = appendWhole(c.b, int64(e.v.last-e.at), int64(time.Millisecond))
			c.uint(uint64(e.v.sensor))
			was = e.at
		}
	}
	c.list(len(b.said))
	for _, s := range b.said {
		c.instant(s.at)
		c.string(s.device)
		c.instant(s.opened)
		c.string(string(s.outcome))
	}
}

func (c *encoder) device(d *deviceState) {
	c.string(d.id)
	c.instant(d.seen)
	c.uint(d.messages)
	c.mask(d.known)
	c.list(len(d.values))
	for i := range d.values {
		v := &d.values[i]
		c.quantity(v.quantity)
		c.string(v.channel)
		c.float(v.value)
		c.instant(v.at)
		c.uint(v.sequence)
		c.uint(v.record)
	}
	c.instant(d.counted.At)
	if d.counted.At != 0 {
		c.quantity(d.counted.Quantity)
		c.float(d.counted.Value)
		c.uint(d.counted.Sequence)
		c.uint(d.counted.Record)
	}
	for t := range d.presents.tiers {
		tier := d.presents.tier(t)
		c.list(len(tier))
		for i := range tier {
			c.instant(tier[i].at)
			c.int(int64(tier[i].v))
		}
	}
	c.counts(d)
	c.health(d.health)
	c.sums(d.sums)
	c.instant(d.since)
	c.list(len(d.totals))
	for _, t := range d.totals {
		c.quantity(t.quantity)
		c.total(t)
	}
	c.list(len(d.kept))
	for _, s := range d.kept {
		c.quantity(s.quantity)
		c.string(s.channel)
		var was telemetry.Instant
		for t := range s.line.tiers {
			tier := s.line.tier(t)
			c.list(len(tier))
			b := c.b
			for i := range tier {
				e := &tier[i]
				b = appendWhole(b, int64(e.at-was), int64(time.Millisecond))
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(e.v.v))
				if e.v.last == e.at {
					b = binary.AppendUvarint(b, uint64(e.v.n)*2)
				} else {
					b = binary.AppendUvarint(b, uint64(e.v.n)*2+1)
					b = appendWhole(b, int64(e.v.last-e.at), int64(time.Millisecond))
				}
				was = e.v.last
			}
			c.b = b
		}
	}
	c.list(len(d.watches))
	for _, w := range d.watches {
		c.int(int64(w.bound))
		c.mask(w.mask)
		c.instant(w.since)
		c.instant(w.first)
		c.instant(w.last)
		c.list(len(w.gaps))
		for _, g := range w.gaps {
			c.instant(g.from)
			c.instant(g.silent)
			c.instant(g.to)
			c.bool(g.unseen)
		}
	}
	c.list(len(d.offsets))
	for _, o := range d.offsets {
		c.instant(o.From)
		c.float(o.Value)
		c.list(o.Pairs)
		c.float(o.Spread)
	}
	c.accepted(d)
	if d.channel == "" {
		c.list(len(d.spreads))
		var was int64
		for _, x := range d.spreads {
			c.int(x.hour - was)
			c.uint(uint64(x.tenth - leastTenth))
			c.uint(uint64(x.n))
			was = x.hour
		}
		c.caseBook(d.cases)
	}
}

func (c *encoder) instance(i *instance, plans []*plan) {
	c.string(i.rule)
	c.string(string(i.subject.Kind))
	c.string(i.subject.ID)
	c.list(len(i.eras))
	for k := range i.eras {
		era := &i.eras[k]
		c.instant(era.from)
		for n, p := range plans {
			if p == era.plan {
				c.list(n)
			}
		}
		c.bool(era.rule != nil)
		if era.rule != nil {
			c.list(era.ref.protocol)
			c.list(era.ref.rule)
		}
	}
	c.list(len(i.past))
	for k := range i.past {
		p := &i.past[k]
		c.instant(p.at)
		c.int(int64(p.verdict))
		c.bool(p.near)
		c.bool(p.idle)
		c.bool(p.upkeep)
		c.int(int64(p.at - p.since))
		c.int(int64(p.alarm.phase))
		c.bool(p.alarm.doubt)
		c.int(int64(p.at - p.alarm.since))
		c.instant(p.alarm.clear)
	}
	c.bool(i.told.firing)
	c.bool(i.told.doubt)
	for _, at := range []telemetry.Instant{i.told.at, i.told.held, i.told.heldFrom, i.news} {
		c.instant(at)
	}
}
