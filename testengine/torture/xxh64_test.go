package main

import (
	"math/rand/v2"
	"testing"

	"github.com/cespare/xxhash/v2"
)

func TestXXH64(t *testing.T) {
	for text, want := range map[string]uint64{"": 0xef46db3751d8e999, "a": 0xd24ec4f1a98c6e5b, "abc": 0x44bc2cf5ad770999} {
		if got := xxh64([]byte(text)); got != want {
			t.Errorf("xxh64(%q) = %x, want %x", text, got, want)
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		if got, want := xxh64(b), xxhash.Sum64(b); got != want {
			t.Fatalf("of %d bytes: %x, want %x", n, got, want)
		}
	}
}
