package influx

import (
	"context"
	"fmt"
	"sync"

	"github.com/gerbang-iot/gerbang/journal"
)

// againOnce lets one Again run at a time.
type againOnce struct{ sync.Mutex }

// againStep is how many points are sent again at once.
const againStep = 1000

// Again sends the refused points of a site (empty: of all) once more, after what was wrong was mended. Those that InfluxDB takes are
// forgotten; the others stay as they are. It returns how many of each there were; an error says that InfluxDB did not take or refuse all of
// them within ctx.
func (w *Writer) Again(ctx context.Context, k journal.Refusals, site string) (stored, refused int, err error) {
	w.againOnce.Lock()
	defer w.againOnce.Unlock()
	l := newLane(w, true)
	l.again = true
	for before := int64(0); ; {
		kept, err := k.Refused(ctx, site, before, againStep)
		if err != nil || len(kept) == 0 {
			return stored, refused, err
		}
		pieces := make([]piece, len(kept))
		for i := range kept {
			pieces[i] = piece{kept[len(kept)-1-i].Line, &source{id: kept[len(kept)-1-i].Number}}
		}
		l.batch.rejected, l.spent, l.doubtful = nil, 0, nil
		if err = l.settle(ctx, pieces); err == nil {
			err = l.resolve(ctx)
		}
		if err != nil {
			return stored, refused, fmt.Errorf("sending refused points again: InfluxDB answers nothing about all of them now: %s", w.safe(err))
		}
		still := make(map[int64]bool, len(l.batch.rejected))
		for _, r := range l.batch.rejected {
			still[r.ID] = true
		}
		var taken []int64
		for _, r := range kept {
			if !still[r.Number] {
				taken = append(taken, r.Number)
			}
		}
		if err := k.Stored(ctx, taken); err != nil {
			return stored, refused, err
		}
		stored, refused, before = stored+len(taken), refused+len(still), kept[len(kept)-1].Number
	}
}
