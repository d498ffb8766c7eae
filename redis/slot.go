package redis

import (
	"strconv"
	"strings"
	"sync"
)

// slots is how many a cluster divides its keys into.
const slots = 16384

// hashTag returns what alone decides about the slot of a key: the text between its first { and the first } after that, if there
// is any, otherwise the whole key.
//
// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
func hashTag(key string) (tag string, marked bool) {
	if _, after, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(after, "}"); ok && tag != "" {
			return tag, true
		}
	}
	return key, false
}

// slotOf returns a key's slot.
func slotOf(key string) uint16 {
	tag, _ := hashTag(key)
	return crc16(tag) % slots
}

// crc16 is CRC-16/XMODEM: polynomial 0x1021, beginning with 0.
func crc16(s string) uint16 {
	var crc uint16
	for i := range len(s) {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^s[i]]
	}
	return crc
}

var crcTable = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
		table[i] = crc
	}
	return table
}()

// slotTags has a short text for each slot that hashes to it, for companions of keys that cannot be a tag themselves.
var slotTags = sync.OnceValue(func() *[slots]string {
	var tags [slots]string
	for n, left := 0, slots; left > 0; n++ {
		text := strconv.Itoa(n)
		if at := crc16(text) % slots; tags[at] == "" {
			tags[at] = text
			left--
		}
	}
	return &tags
})
