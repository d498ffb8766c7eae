package keywait

// agenda is a heap of topics, the one that is due first at the top.
type agenda []*topic

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i]; a[i].at, a[j].at = i, j }
func (a *agenda) Push(t any)        { topic := t.(*topic); topic.at = len(*a); *a = append(*a, topic) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	t := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return t
}
