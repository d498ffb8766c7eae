package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ulikunitz/xz"
)

// readTrace reads big-endian signed 32-bit keys, one a request, compressed by xz.
func readTrace(path string) ([]int32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	x, err := xz.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := bufio.NewReaderSize(x, 1<<16)
	var keys []int32
	var word [4]byte
	for {
		if _, err := io.ReadFull(r, word[:]); errors.Is(err, io.EOF) {
			return keys, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: after %d requests: %w", path, len(keys), err)
		}
		keys = append(keys, int32(binary.BigEndian.Uint32(word[:])))
	}
}

// named are the keys as text: what a program asks its cache for.
func named(trace []int32) []string {
	text := make(map[int32]string)
	keys := make([]string, len(trace))
	for i, key := range trace {
		s, ok := text[key]
		if !ok {
			s = fmt.Sprintf("page:%d", key)
			text[key] = s
		}
		keys[i] = s
	}
	return keys
}
