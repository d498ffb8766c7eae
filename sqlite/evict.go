package sqlite

import (
	sqldriver "database/sql/driver"
)

// evictBatch is how many rows are looked at for eviction at a time.
const evictBatch = 64

// victim is a row that may have to go.
type victim struct {
	id, bytes int64
	at        any // qDue: when it expires; qOldest: when it was used
}

func (s *session) victims(q query, args ...any) ([]victim, error) {
	var list []victim
	err := s.c.each(background, q, 3, func(row []sqldriver.Value) bool {
		list = append(list, victim{id: integer(row[0]), bytes: integer(row[1]), at: row[2]})
		return true
	}, args...)
	return list, err
}

// over tells whether the entries weigh more than that.
func (s *session) over(weight int64) bool {
	return s.limit > 0 && s.tracked && s.weight > weight
}

// evict keeps the bound: as many batches as it takes for the transaction not to leave more than the limit, then one
// more with each transaction until a tenth is free. A file that was over the limit before, because that was higher
// or there was none, is not made heavier, and comes down a batch at a time.
func (s *session) evict() error {
	target := s.limit - s.limit/10
	s.evicting = s.over(s.limit) || s.evicting && s.over(target)
	if !s.evicting {
		return nil
	}
	for bound := max(s.limit, s.stored); s.over(bound); {
		// Rows that are only put off make no room: there may be any number of them.
		_, removed, err := s.purgeRows(evictBatch)
		if err == nil && removed == 0 {
			err = s.evictRows(bound)
		}
		if err != nil {
			return err
		}
	}
	if err := s.evictRows(target); err != nil {
		return err
	}
	s.evicting = s.over(target)
	return nil
}

// evictRows evicts the least recently used of some rows until the weight is down to target. A row that was used
// after what the file says gets a second chance, by writing that use: it cannot have one again without
// another use, so this comes to an end.
func (s *session) evictRows(target int64) error {
	rows, err := s.victims(qOldest, int64(evictBatch))
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		s.weight = 0 // off only if someone else wrote to the tables: do not hunt for rows that are not there
		return nil
	}
	for _, v := range rows {
		if !s.over(target) {
			return nil
		}
		used := integer(v.at)
		if at := s.uses.last(v.id); at > used {
			if _, err := s.c.exec(background, qUse, at, v.id, used); err != nil {
				return err
			}
			continue
		}
		if err := s.removeRow(v.id, v.bytes); err != nil {
			return err
		}
		s.evicted.Add(1)
	}
	return nil
}

// writeUses writes some of the uses that were noted.
func (s *session) writeUses() error {
	if !s.tracked {
		return nil
	}
	for id, at := range s.uses.take(usesBatch) {
		if _, err := s.c.exec(background, qUse, at, id, at-useInterval.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}
