package script

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// TestHung gives up a call that does not stop when it is asked, and does not run the decoder again.
func TestHung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := compiled(t, `function Decoder() { return { n: 1 } }`)
		builtin := make(chan struct{})
		err := p.run(newRealm(frozen), p.limit, Extra{}, func(*realm) error {
			<-builtin
			return nil
		})
		if !errors.Is(err, errHung) {
			t.Errorf("got %v, want %v", err, errHung)
		}
		var out object.Writer
		if err := p.Decode(codec.Uplink{}, Extra{}, &out); !errors.Is(err, ErrLimit) {
			t.Errorf("got %v from the next call, want ErrLimit", err)
		}
		close(builtin)
		synctest.Wait()
	})
}

// TestEngineFault makes an error of a fault in the engine.
func TestEngineFault(t *testing.T) {
	p := compiled(t, `function Decoder() { return { n: 1 } }`)
	err := p.run(newRealm(frozen), p.limit, Extra{}, func(*realm) error {
		panic(fmt.Sprint("secret", 5))
	})
	if want := "the decoder failed: in the engine: string"; err == nil || err.Error() != want || !errors.Is(err, ErrDecoder) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestSecondAttempt makes a call once more that exceeds a limit, unless the one before did as well.
func TestSecondAttempt(t *testing.T) {
	p := compiled(t, `function Decoder() { return { n: 1 } }`)
	for _, tt := range []struct {
		name  string
		errs  []error
		want  error
		calls int
	}{
		{"in order", []error{nil}, nil, 1},
		{"a limit, then in order", []error{errTime, nil}, nil, 2},
		{"a limit twice", []error{errTime, errMemory}, errMemory, 2},
		{"the decoder's error", []error{ErrDecoder}, ErrDecoder, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			_, err := p.attempt(2, loose, Extra{}, func(*realm) error {
				calls++
				return tt.errs[calls-1]
			})
			if !errors.Is(err, tt.want) || calls != tt.calls {
				t.Errorf("got %v after %d calls, want %v after %d", err, calls, tt.want, tt.calls)
			}
		})
	}
	p = compiled(t, `function Decoder() { for (;;) {} }`)
	for _, trusted := range []bool{true, false} {
		if got := p.trusted.Load(); got != trusted {
			t.Errorf("got trusted %t, want %t", got, trusted)
		}
		var out object.Writer
		if err := p.Decode(codec.Uplink{}, Extra{}, &out); !errors.Is(err, ErrLimit) {
			t.Errorf("got %v, want ErrLimit", err)
		}
	}
}
