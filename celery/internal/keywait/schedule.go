package keywait

// schedule is a heap of topics, the one that is due first at the top.
type schedule []*topic

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due.Before(s[j].due) }
func (s schedule) Swap(i, j int)      { s[i], s[j] = s[j], s[i]; s[i].at, s[j].at = i, j }
func (s *schedule) Push(t any)        { topic := t.(*topic); topic.at = len(*s); *s = append(*s, topic) }
func (s *schedule) Pop() any {
	last := len(*s) - 1
	t := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return t
}
