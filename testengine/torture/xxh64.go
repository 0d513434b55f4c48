package main

import (
	"encoding/binary"
	"math/bits"
)

// The primes of XXH64.
const (
	prime1 uint64 = 0x9E3779B185EBCA87
	prime2 uint64 = 0xC2B2AE3D27D4EB4F
	prime3 uint64 = 0x165667B19E3779F9
	prime4 uint64 = 0x85EBCA77C2B2AE63
	prime5 uint64 = 0x27D4EB2F165667C5
)

// xxh64 is XXH64 with seed 0, written from its specification: the gateway's own must not vouch for itself.
func xxh64(b []byte) uint64 {
	n := uint64(len(b))
	sum := prime5
	if len(b) >= 32 {
		first := prime1 // constants that wrap around must be computed
		lanes := [4]uint64{first + prime2, prime2, 0, -first}
		for ; len(b) >= 32; b = b[32:] {
			for i := range lanes {
				lanes[i] = mixed(lanes[i], binary.LittleEndian.Uint64(b[8*i:]))
			}
		}
		sum = bits.RotateLeft64(lanes[0], 1) + bits.RotateLeft64(lanes[1], 7) + bits.RotateLeft64(lanes[2], 12) + bits.RotateLeft64(lanes[3], 18)
		for _, lane := range lanes {
			sum = (sum^mixed(0, lane))*prime1 + prime4
		}
	}
	sum += n
	for ; len(b) >= 8; b = b[8:] {
		sum = bits.RotateLeft64(sum^mixed(0, binary.LittleEndian.Uint64(b)), 27)*prime1 + prime4
	}
	if len(b) >= 4 {
		sum = bits.RotateLeft64(sum^uint64(binary.LittleEndian.Uint32(b))*prime1, 23)*prime2 + prime3
		b = b[4:]
	}
	for _, c := range b {
		sum = bits.RotateLeft64(sum^uint64(c)*prime5, 11) * prime1
	}
	sum = (sum ^ sum>>33) * prime2
	sum = (sum ^ sum>>29) * prime3
	return sum ^ sum>>32
}

// mixed is a lane after eight more bytes.
func mixed(lane, bytes uint64) uint64 { return bits.RotateLeft64(lane+bytes*prime2, 31) * prime1 }
