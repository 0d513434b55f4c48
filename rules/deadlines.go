package rules

import (
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// deadlines is a queue of slots by time, then by slot number: a four-ary heap that knows where each slot is, so that a
// deadline can be moved. A slot without a deadline waits at Never.
type deadlines struct {
	at   []telemetry.Instant // by slot
	heap []int32             // slots
	pos  []int32             // by slot: index in heap
}

// reset makes a queue of n slots without deadlines, keeping the memory.
func (q *deadlines) reset(n int) {
	q.at, q.heap, q.pos = q.at[:0], q.heap[:0], q.pos[:0]
	for i := range n {
		q.at = append(q.at, telemetry.Never)
		q.heap = append(q.heap, int32(i))
		q.pos = append(q.pos, int32(i))
	}
}

// next is the earliest slot and its time; Never where there is none.
func (q *deadlines) next() (slot int, at telemetry.Instant) {
	if len(q.heap) == 0 {
		return -1, telemetry.Never
	}
	s := q.heap[0]
	return int(s), q.at[s]
}

// dueBy gives the slots that are due at a time, in no order. They are the top of the heap.
func (q *deadlines) dueBy(at telemetry.Instant, yield func(slot int)) { q.dueBelow(0, at, yield) }

func (q *deadlines) dueBelow(i int, at telemetry.Instant, yield func(slot int)) {
	if i >= len(q.heap) || q.at[q.heap[i]] > at {
		return
	}
	yield(int(q.heap[i]))
	for c := 4*i + 1; c <= 4*i+4; c++ {
		q.dueBelow(c, at, yield)
	}
}

// insert makes room for a slot without a deadline; those from that number on move up by one.
func (q *deadlines) insert(slot int) {
	for i, s := range q.heap {
		if int(s) >= slot {
			q.heap[i]++
		}
	}
	q.at = slices.Insert(q.at, slot, telemetry.Never)
	q.pos = slices.Insert(q.pos, slot, int32(len(q.heap)))
	q.heap = append(q.heap, int32(slot))
	q.up(len(q.heap) - 1)
}

// set moves the deadline of a slot.
func (q *deadlines) set(slot int, at telemetry.Instant) {
	was := q.at[slot]
	if was == at {
		return
	}
	q.at[slot] = at
	if at < was {
		q.up(int(q.pos[slot]))
	} else {
		q.down(int(q.pos[slot]))
	}
}

func (q *deadlines) before(a, b int32) bool {
	return q.at[a] < q.at[b] || q.at[a] == q.at[b] && a < b
}

func (q *deadlines) up(i int) {
	s := q.heap[i]
	for i > 0 {
		p := (i - 1) / 4
		if !q.before(s, q.heap[p]) {
			break
		}
		q.heap[i] = q.heap[p]
		q.pos[q.heap[i]] = int32(i)
		i = p
	}
	q.heap[i] = s
	q.pos[s] = int32(i)
}

func (q *deadlines) down(i int) {
	s := q.heap[i]
	for {
		first := 4*i + 1
		if first >= len(q.heap) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(q.heap)); c++ {
			if q.before(q.heap[c], q.heap[least]) {
				least = c
			}
		}
		if !q.before(q.heap[least], s) {
			break
		}
		q.heap[i] = q.heap[least]
		q.pos[q.heap[i]] = int32(i)
		i = least
	}
	q.heap[i] = s
	q.pos[s] = int32(i)
}
