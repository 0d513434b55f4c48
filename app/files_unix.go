//go:build unix

package app

import (
	"syscall"

	"github.com/gerbang-iot/gerbang/web"
)

// shareOfFiles is how many connections the pages may have: half of the files that the process may open, for the broker's connections and
// the journal need files as well. (Go has raised the limit to the hard one.)
func shareOfFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || uint64(limit.Cur)/2 > web.DefaultMaxConnections { //nolint:unconvert // of another size on other systems
		return web.DefaultMaxConnections
	}
	return max(16, int(limit.Cur/2))
}
