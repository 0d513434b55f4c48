package testengine

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain checks that engines, proxies and browsers leave no goroutine behind when their tests end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
