//go:build !race

package testengine

// Racing says that the race detector is on. It makes pure computation ten times slower and finds nothing in it: tests that go
// through everything there is go through a tenth of it then, and CI runs them whole without the detector.
const Racing = false
