package app

import (
	"errors"
	"fmt"
	"net"
	"slices"
)

// teardown releases what was opened, in reverse order: each part registers as soon as it is made, so one that fails to be made leaves
// nothing open. The zero teardown has nothing to do.
type teardown struct{ steps []step }

type step struct {
	name string // as an error says it: "the journal"
	do   func() error
}

// add registers a part that was made.
func (t *teardown) add(name string, do func() error) { t.steps = append(t.steps, step{name, do}) }

// run releases all parts, each once, whatever becomes of the others.
func (t *teardown) run() error {
	var all []error
	for _, s := range slices.Backward(t.steps) {
		if err := s.do(); err != nil && !errors.Is(err, net.ErrClosed) { // a part that has run has closed itself
			all = append(all, fmt.Errorf("closing %s: %w", s.name, err))
		}
	}
	t.steps = nil
	return errors.Join(all...)
}
