package simulate

import (
	"cmp"
	"container/heap"
	"time"
)

// event is something that happens at a time and may publish a message.
type event struct {
	at    time.Time
	order uint64
	do    func() (Message, bool)
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return cmp.Or(q[i].at.Compare(q[j].at), cmp.Compare(q[i].order, q[j].order)) < 0
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for container/heap.
func (q *events) Push(x any) { *q = append(*q, x.(event)) }

// Pop is for container/heap.
func (q *events) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = event{}
	*q = (*q)[:last]
	return e
}

func (b *Building) schedule(at time.Time, do func() (Message, bool)) {
	b.made++
	heap.Push(&b.queue, event{at, b.made, do})
}

// silently schedules something that publishes nothing.
func (b *Building) silently(at time.Time, do func()) {
	b.schedule(at, func() (Message, bool) { do(); return Message{}, false })
}
