package memcached

import (
	"crypto/md5"
	"encoding/binary"
)

// The hashes that libmemcached 1.1 has beside its default, with its peculiarities: bytes are signed, and what is called 64 bits wide has 32.

// hashes are the rules that take the key's hash modulo the number of servers.
var hashes = map[Hash]func(key string) uint32{
	Modula:          oneAtATime,
	MD5:             md5First,
	CRC:             crc,
	PythonMemcached: crc,
	FNV1x32:         fnv1x32,
	FNV1ax32:        fnv1ax32,
	FNV1x64:         fnv1x64,
	FNV1ax64:        fnv1ax64,
	Murmur:          murmur,
}

const (
	fnvOffset32, fnvPrime32 = 2166136261, 16777619
	fnvOffset64, fnvPrime64 = 14695981039346656037, 1099511628211
)

func signed(b byte) uint32 { return uint32(int32(int8(b))) }

// md5First is the first four bytes of the digest.
func md5First(key string) uint32 {
	sum := md5.Sum([]byte(key))
	return binary.LittleEndian.Uint32(sum[:])
}

func fnv1x32(key string) uint32 {
	h := uint32(fnvOffset32)
	for i := range len(key) {
		h = h*fnvPrime32 ^ signed(key[i])
	}
	return h
}

func fnv1ax32(key string) uint32 {
	h := uint32(fnvOffset32)
	for i := range len(key) {
		h = (h ^ signed(key[i])) * fnvPrime32
	}
	return h
}

func fnv1x64(key string) uint32 {
	h := uint64(fnvOffset64)
	for i := range len(key) {
		h = h*fnvPrime64 ^ uint64(int64(int8(key[i])))
	}
	return uint32(h)
}

func fnv1ax64(key string) uint32 {
	h := uint32(fnvOffset64 & 0xffffffff)
	for i := range len(key) {
		h = (h ^ signed(key[i])) * (fnvPrime64 & 0xffffffff)
	}
	return h
}

// murmur is Austin Appleby's MurmurHash2, with a seed that depends on the length.
func murmur(key string) uint32 {
	const m, r = 0x5bd1e995, 24
	n := uint32(len(key))
	h := 0xdeadbeef*n ^ n
	for ; len(key) >= 4; key = key[4:] {
		k := uint32(key[0]) | uint32(key[1])<<8 | uint32(key[2])<<16 | uint32(key[3])<<24
		k *= m
		k ^= k >> r
		h = h*m ^ k*m
	}
	for i := len(key) - 1; i >= 0; i-- {
		h ^= uint32(key[i]) << (8 * i)
	}
	if len(key) > 0 {
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
