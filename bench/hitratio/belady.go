package main

import "container/heap"

// belady counts the hits of the optimum: the entry that makes room is the one whose next request is the
// furthest away (L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", 1966). A new
// entry that will be asked for later than all others is not kept at all: a cache is not a page table.
func belady(trace []int32, size int) (hits int) {
	next := nextRequests(trace)
	kept := map[int32]*entry{}
	var byNext furthest
	for i, key := range trace {
		if e := kept[key]; e != nil {
			hits++
			e.next = next[i]
			heap.Fix(&byNext, e.at)
			continue
		}
		if len(kept) == size {
			if byNext[0].next <= next[i] {
				continue
			}
			delete(kept, byNext[0].key)
			heap.Pop(&byNext)
		}
		e := &entry{key: key, next: next[i]}
		kept[key] = e
		heap.Push(&byNext, e)
	}
	return hits
}

// nextRequests tells for each request when its key is asked for again; len(trace) is never.
func nextRequests(trace []int32) []int {
	next := make([]int, len(trace))
	seen := map[int32]int{}
	for i := len(trace) - 1; i >= 0; i-- {
		at, again := seen[trace[i]]
		if !again {
			at = len(trace)
		}
		next[i] = at
		seen[trace[i]] = i
	}
	return next
}

type entry struct {
	key  int32
	next int
	at   int // in the heap
}

// furthest is a heap with the furthest next request on top.
type furthest []*entry

func (h furthest) Len() int           { return len(h) }
func (h furthest) Less(i, j int) bool { return h[i].next > h[j].next }
func (h furthest) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *furthest) Push(x any) {
	e := x.(*entry)
	e.at = len(*h)
	*h = append(*h, e)
}

func (h *furthest) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
