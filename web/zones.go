package web

import (
	"sync"
	"time"
)

// zones keeps the time zones that were asked for: reading one from the disk for every alert of a list cost more than the list. There are some
// hundreds of names; one that is unknown is not kept. It may be used by any goroutine.
type zones struct{ known sync.Map } // name → *time.Location

// named is a time zone, UTC where there is none of the name.
func (z *zones) named(name string) *time.Location {
	if loc, ok := z.known.Load(name); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	kept, _ := z.known.LoadOrStore(name, loc)
	return kept.(*time.Location)
}
