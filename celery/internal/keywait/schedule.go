package keywait

import (
	"container/heap"
	"time"
)

// tick is how exactly a topic is due. Topics of the same tick are kept together: what it costs to put one into the
// schedule and to take it out does not grow with their number.
const tick = time.Millisecond

// schedule has topics by when they are due, a time since the Waiter began. It is used while the mutex of the Waiter is
// held.
type schedule struct {
	moments map[time.Duration]*moment
	first   moments
	topics  int
}

// moment is a tick, and the topics that are due then.
type moment struct {
	due    time.Duration
	topics []*topic
	at     int // in schedule.first
}

func newSchedule() schedule { return schedule{moments: map[time.Duration]*moment{}} }

// put adds a topic, due at the beginning of a tick. It tells whether nothing was due as early.
func (s *schedule) put(t *topic, due time.Duration) (first bool) {
	due = due.Truncate(tick)
	m := s.moments[due]
	if m == nil {
		m = &moment{due: due}
		s.moments[due] = m
		heap.Push(&s.first, m)
	}
	t.moment, t.at = m, len(m.topics)
	m.topics = append(m.topics, t)
	s.topics++
	return s.first[0] == m && len(m.topics) == 1
}

// remove takes out a topic.
func (s *schedule) remove(t *topic) {
	m := t.moment
	last := len(m.topics) - 1
	m.topics[t.at], m.topics[last].at = m.topics[last], t.at
	m.topics[last], t.moment = nil, nil
	m.topics = m.topics[:last]
	s.topics--
	if last == 0 {
		delete(s.moments, m.due)
		heap.Remove(&s.first, m.at)
	}
}

// next returns a topic that is due first, and when. There must be one.
func (s *schedule) next() (*topic, time.Duration) {
	m := s.first[0]
	return m.topics[len(m.topics)-1], m.due
}

// moments is a heap, the first one at the top.
type moments []*moment

func (h moments) Len() int           { return len(h) }
func (h moments) Less(i, j int) bool { return h[i].due < h[j].due }
func (h moments) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].at, h[j].at = i, j }
func (h *moments) Push(x any)        { m := x.(*moment); m.at = len(*h); *h = append(*h, m) }
func (h *moments) Pop() any {
	last := len(*h) - 1
	m := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return m
}
