package app

import (
	"errors"
	"net"
	"slices"
	"testing"
)

// What was made last is released first, once, whatever becomes of the others; a part that has closed itself is no failure.
func TestTeardown_RunsInReverseAndToTheEnd(t *testing.T) {
	var order []string
	var down teardown
	for _, part := range []struct {
		name string
		err  error
	}{{"a", nil}, {"b", errors.New("torn")}, {"c", net.ErrClosed}} {
		down.add(part.name, func() error { order = append(order, part.name); return part.err })
	}
	err := down.run()
	if want := []string{"c", "b", "a"}; !slices.Equal(order, want) {
		t.Errorf("released %v, want %v", order, want)
	}
	if err == nil || err.Error() != "closing b: torn" {
		t.Errorf("got %v, want what b says", err)
	}
	if err := down.run(); err != nil || len(order) != 3 {
		t.Errorf("once more: %v, %v; want nothing done", order, err)
	}
}
