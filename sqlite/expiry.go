package sqlite

import "time"

// Resolution is the unit in which moments of expiry are stored. An entry lives up to that much longer
// than its ttl, never shorter.
const Resolution = time.Millisecond

// purgeBatch is how many expired rows one transaction removes, so that writers do not wait for it.
const purgeBatch = 200

// moment is a time in units of Resolution, rounded down: an entry is live while it is before its expiry.
func moment(t time.Time) int64 { return t.UnixMilli() }

// expiry is the moment when an entry ends that gets its ttl now, rounded up; nil for no expiry.
func expiry(now time.Time, ttl time.Duration) any {
	if ttl <= 0 {
		return nil
	}
	return now.Add(ttl + Resolution - 1).UnixMilli()
}

// remaining is what is left of the lifetime of a live entry, as EntryInfo has it.
func remaining(expires any, now time.Time) time.Duration {
	at, ends := number(expires)
	if !ends {
		return 0
	}
	return max(time.UnixMilli(at).Sub(now), 1)
}

// look finds out, once a tick, whether there is housekeeping to do. It reads only.
func (s *session) look() {
	if s.c == nil {
		return // broken: the next request finds out what is wrong
	}
	if err := s.lookAround(); err != nil && !isBusy(err) {
		s.drop()
	}
}

func (s *session) lookAround() error {
	_, found, err := s.c.one(qDue, 3, moment(s.now()), int64(1))
	if err != nil {
		return err
	}
	s.purging = found
	if err := s.readWeight(); err != nil {
		return err
	}
	s.evicting = s.evicting || s.over(s.limit)
	row, found, err := s.c.one(qFree, 2)
	if err != nil {
		return err
	}
	s.shrinking = found && integer(row[0]) > 1024 && integer(row[0]) > integer(row[1])/2
	return nil
}

// due tells whether housekeeping has something to do.
func (s *session) due() bool {
	return s.c != nil && (s.purging || s.evicting || s.shrinking || s.tracked && s.uses.waiting())
}

// housekeeping does one small batch of each thing that is due, at the end of a transaction.
func (s *session) housekeeping() error {
	for _, step := range []func() error{s.purge, s.writeUses, s.evict, s.shrink} {
		if err := step(); err != nil {
			return s.abort(err)
		}
	}
	return nil
}

// purge looks at some rows that are due.
func (s *session) purge() error {
	if !s.purging {
		return nil
	}
	seen, _, err := s.purgeRows(purgeBatch)
	s.purging = seen == purgeBatch
	return err
}

// purgeRows removes what has expired of some rows that are due, and puts off the others. It returns how many it has
// looked at.
func (s *session) purgeRows(limit int) (seen, removed int, err error) {
	now := moment(s.now())
	rows, err := s.victims(qDue, now, int64(limit))
	if err != nil {
		return 0, 0, err
	}
	for _, v := range rows {
		if at, ends := number(v.at); ends && at <= now {
			err = s.removeRow(v.id, v.bytes)
			removed++
		} else {
			_, err = s.c.exec(background, qPutOff, v.id)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	s.purged.Add(int64(removed))
	return len(rows), removed, nil
}

// shrink gives some of the file's free pages back to the file system.
func (s *session) shrink() error {
	if !s.shrinking {
		return nil
	}
	if _, err := s.c.exec(background, qShrink); err != nil {
		return err
	}
	row, found, err := s.c.one(qFree, 2)
	s.shrinking = found && integer(row[0]) > integer(row[1])/8
	return err
}
