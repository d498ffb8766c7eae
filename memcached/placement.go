package memcached

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math"
	"net"
	"slices"
	"sort"
	"strconv"
)

// A placement tells which server has a key.
type placement func(key string) int

// newPlacement makes the rule for these servers. Formulas: libmemcached 1.1 and python-memcached 1.62, checked against keys that
// the real clients have placed.
func newPlacement(o Options, addresses []string) (placement, error) {
	n := len(addresses)
	if n == 1 {
		return func(string) int { return 0 }, nil
	}
	switch o.Hash {
	case Ketama:
		return ketama(addresses), nil
	case KetamaWeighted:
		return ketamaWeighted(addresses, o.Weights), nil
	case Jump:
		return func(key string) int { return jump(fnv1a(key), n) }, nil
	}
	if hash, ok := hashes[o.Hash]; ok {
		return func(key string) int { return int(hash(key) % uint32(n)) }, nil
	}
	return nil, fmt.Errorf("hash=%s is not known", o.Hash)
}

// oneAtATime is Bob Jenkins's hash as libmemcached has it: bytes are signed.
func oneAtATime(key string) uint32 {
	var h uint32
	for i := range len(key) {
		h += signed(key[i])
		h += h << 10
		h ^= h >> 6
	}
	h += h << 3
	h ^= h >> 11
	return h + h<<15
}

// crc is the 15 bits that python-memcached and libmemcached take of a CRC-32.
func crc(key string) uint32 { return crc32.ChecksumIEEE([]byte(key)) >> 16 & 0x7fff }

// rehash is where python-memcached looks next when a server is dead: round counts from 0.
func rehash(h uint32, round int) uint32 {
	return crc(strconv.FormatUint(uint64(h), 10) + strconv.Itoa(round))
}

func fnv1a(key string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return h.Sum64()
}

// jump is the hash of Lamping and Veach (https://arxiv.org/abs/1406.2294).
func jump(key uint64, n int) int {
	b, j := int64(-1), int64(0)
	for j < int64(n) {
		b = j
		key = key*2862933555777941757 + 1
		j = int64(float64(b+1) * (float64(int64(1)<<31) / float64(key>>33+1)))
	}
	return int(b)
}

// point is a place on the circle, and the server that has the keys from the point before up to it.
type point struct {
	at     uint32
	server int
}

// circle finds the server of a place.
func circle(points []point) func(at uint32) int {
	slices.SortFunc(points, func(a, b point) int {
		if a.at != b.at {
			return compare(a.at, b.at)
		}
		return a.server - b.server
	})
	return func(at uint32) int {
		i := sort.Search(len(points), func(i int) bool { return points[i].at >= at })
		return points[i%len(points)].server
	}
}

func compare(a, b uint32) int {
	if a < b {
		return -1
	}
	return 1
}

// ketama has 100 points for each server.
func ketama(addresses []string) placement {
	var points []point
	for server, address := range addresses {
		for i := range 100 {
			points = append(points, point{oneAtATime(pointName(address) + "-" + strconv.Itoa(i)), server})
		}
	}
	find := circle(points)
	return func(key string) int { return find(oneAtATime(key)) }
}

// pointName is a server's name in the names of its points: libmemcached leaves out its default port.
func pointName(address string) string {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return address
	case port == defaultPort:
		return host
	}
	return host + ":" + port
}

// ketamaWeighted has 160 points for each server, or in proportion to its weight; four for each MD5.
func ketamaWeighted(addresses []string, weights []int) placement {
	var points []point
	for server, address := range addresses {
		for i := range digests(len(addresses), weights, server) {
			// Here the default port is part of the name.
			sum := md5.Sum([]byte(address + "-" + strconv.Itoa(i)))
			for j := range 4 {
				points = append(points, point{binary.LittleEndian.Uint32(sum[4*j:]), server})
			}
		}
	}
	find := circle(points)
	return func(key string) int { return find(md5First(key)) }
}

// digests is how many MD5 a server has.
func digests(servers int, weights []int, server int) int {
	const each = 40
	if weights == nil {
		return each
	}
	total := 0
	for _, w := range weights {
		total += w
	}
	return int(math.Floor(float64(weights[server]) / float64(total) * each * float64(servers)))
}
