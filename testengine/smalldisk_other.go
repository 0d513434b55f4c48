//go:build !linux

package testengine

import "testing"

// Disk is a file system of its own, small enough to be filled.
type Disk struct{ Dir string }

// SmallDisk skips the test: it needs Linux.
func SmallDisk(t testing.TB, _ string) *Disk {
	t.Helper()
	t.Skip("a small disk needs Linux")
	return nil
}

// Fill leaves no room at all.
func (d *Disk) Fill() {}

// Free gives back what Fill took.
func (d *Disk) Free() {}
