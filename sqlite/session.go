package sqlite

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	msqlite "modernc.org/sqlite"

	"github.com/larder-go/larder/driver"
)

// RowOverhead is what max_bytes counts for each entry beside its key and value, in bytes: the key's
// second copy in the index is not counted, the row's header and the indexes are, roughly.
const RowOverhead = 64

// maxValue is the longest value in bytes: SQLite's limit of 1,000,000,000 is for the whole row.
const maxValue = 1_000_000_000 - driver.MaxKeyLen - 1024

// versionBlock is how many entry versions a session reserves at a time: one write to the file for all of them, and
// versions are still never handed out twice, by any process. A block that a crash leaves unused is lost.
const versionBlock = 1 << 20

// session is the connection that writes, with what is known of the file and of the running
// transaction. Only the writer's goroutine uses it.
type session struct {
	c      *conn
	dial   func() (*conn, error)
	now    func() time.Time
	limit  int64 // max_bytes, 0 for none
	uses   *uses
	logged func(pages int) // after a commit: what the connection has written

	nextVersion, lastVersion int64 // of the reserved block

	known       bool   // weight is what the file says in dataVersion
	dataVersion uint32 // changes when another connection commits
	tracked     bool   // the file keeps the sum of weights
	weight      int64  // the sum, with this transaction's changes
	stored      int64  // the sum in the file

	purging   bool // there may be more expired rows
	evicting  bool // down to nine tenths of the limit
	shrinking bool // there may be more free pages than are worth keeping

	evicted, purged atomic.Int64 // since the store was opened
}

// begin starts a transaction that holds the write lock.
func (s *session) begin() error {
	if s.c == nil {
		c, err := s.dial()
		if err != nil {
			return err
		}
		s.c = c
	}
	if _, err := s.c.exec(background, qBegin); err != nil {
		if !isBusy(err) {
			s.drop()
		}
		return err
	}
	if err := s.learn(); err != nil {
		return s.abort(err)
	}
	return nil
}

// learn reads the sum of weights, if another connection may have changed it.
func (s *session) learn() error {
	v, err := s.c.raw.FileControlDataVersion("main")
	if err != nil || s.known && v == s.dataVersion {
		return err
	}
	if err := s.readWeight(); err != nil {
		return err
	}
	s.known, s.dataVersion = true, v
	return nil
}

func (s *session) readWeight() error {
	row, found, err := s.c.one(qMeta, 1)
	if err != nil {
		return err
	}
	if !found {
		return errors.New("the table meta is empty: " + damaged)
	}
	s.weight, s.tracked = number(row[0])
	s.stored = s.weight
	s.uses.on.Store(s.tracked)
	return nil
}

// commit ends the transaction. When it fails the transaction has been rolled back, unless the error
// is uncertain.
func (s *session) commit() error {
	if s.tracked && s.weight != s.stored {
		if _, err := s.c.exec(background, qSetWeight, s.weight); err != nil {
			return s.abort(err)
		}
	}
	if _, err := s.c.exec(background, qCommit); err != nil {
		if unknownOutcome(err) {
			return s.abort(&uncertain{err})
		}
		return s.abort(err)
	}
	s.stored = s.weight
	if n, _, err := s.c.raw.Status(msqlite.DBStatusCacheWrite, false); err == nil {
		s.logged(n)
	}
	return nil
}

// abort rolls the transaction back and returns err. What the session knew of the file is void.
func (s *session) abort(err error) error {
	s.known = false
	s.nextVersion, s.lastVersion = 0, 0    // the block may have been reserved in this transaction
	_, _ = s.c.exec(background, qRollback) // fails if SQLite has rolled back by itself
	if poisons(err) {
		s.drop()
	}
	return err
}

// drop closes the connection; the next transaction opens another.
func (s *session) drop() {
	if s.c != nil {
		_ = s.c.close()
		s.c, s.known = nil, false
	}
}

// version returns one that no entry has had.
func (s *session) version() (int64, error) {
	if s.nextVersion == s.lastVersion {
		row, found, err := s.c.one(qReserve, 1, int64(versionBlock))
		if err != nil {
			return 0, err
		}
		if !found {
			return 0, errors.New("the table meta is empty: " + damaged)
		}
		s.lastVersion = integer(row[0])
		s.nextVersion = s.lastVersion - versionBlock
	}
	s.nextVersion++
	return s.nextVersion, nil
}

// row is an entry that is there, without its value.
type row struct {
	id      int64
	due     any // int64, or nil
	expires any // int64, or nil for no expiry
	used    int64
	version int64
	size    int64  // of the value
	text    []byte // the value, if it was asked for and is not long
}

// find looks for an entry and tells whether it is live. One that has expired is returned too: its row is
// there to be replaced, and r.id is 0 if there is none.
func (s *session) find(key string, withText bool) (r row, live bool, err error) {
	q, n := qFind, 6
	if withText {
		q, n = qFindText, 7
	}
	cols, found, err := s.c.one(q, n, s.c.blob(key))
	if err != nil || !found {
		return row{}, false, err
	}
	r = row{id: integer(cols[0]), due: cols[1], expires: cols[2], used: integer(cols[3]), version: integer(cols[4]), size: integer(cols[5])}
	if withText {
		r.text, _ = cols[6].([]byte)
	}
	at, ends := number(r.expires)
	return r, !ends || at > moment(s.now()), nil
}

// put stores an entry, whatever was there.
func (s *session) put(key string, value []byte, ttl time.Duration) error {
	if s.tracked {
		old, _, err := s.find(key, false)
		if err != nil {
			return err
		}
		return s.putOver(old, key, value, ttl)
	}
	now, version, err := s.stamp()
	if err != nil {
		return err
	}
	expires := expiry(now, ttl)
	n, err := s.c.exec(background, qUpsert, s.c.blob(key), expires, expires, moment(now), version, notNil(value))
	if err == nil && n == 0 { // there, and due later than it now expires
		_, err = s.c.exec(background, qOverwrite, expires, expires, moment(now), version, notNil(value), s.c.blob(key))
	}
	return err
}

// putOver stores an entry in place of old, which find has returned.
func (s *session) putOver(old row, key string, value []byte, ttl time.Duration) error {
	if old.id != 0 {
		return s.replace(old, expiry(s.now(), ttl), value)
	}
	now, version, err := s.stamp()
	if err != nil {
		return err
	}
	expires := expiry(now, ttl)
	_, err = s.c.exec(background, qInsert, s.c.blob(key), expires, expires, moment(now), version, notNil(value))
	s.weigh(err, int64(len(key)+len(value)+RowOverhead))
	return err
}

// replace gives old another value and moment of expiry.
func (s *session) replace(old row, expires any, value []byte) error {
	now, version, err := s.stamp()
	if err != nil {
		return err
	}
	if s.indexed(old, expires, moment(now)) {
		_, err = s.c.exec(background, qReplaceUsed, expires, expires, moment(now), version, notNil(value), old.id)
	} else {
		_, err = s.c.exec(background, qReplace, expires, version, notNil(value), old.id)
	}
	s.weigh(err, int64(len(value))-old.size)
	return err
}

// touch gives old another moment of expiry.
func (s *session) touch(old row, expires any) error {
	now := moment(s.now())
	if s.indexed(old, expires, now) {
		_, err := s.c.exec(background, qTouchUsed, expires, expires, now, old.id)
		return err
	}
	_, err := s.c.exec(background, qTouch, expires, old.id)
	return err
}

// indexed tells whether a write to old has to change what indexes are on. If not, the use is noted for eviction.
func (s *session) indexed(old row, expires any, now int64) bool {
	due, noted := number(old.due)
	if at, ends := number(expires); ends && (!noted || due > at) {
		return true
	}
	if age := now - old.used; age < 0 || age >= useInterval.Milliseconds() {
		return true // also if the clock was set back: else the entry would count as just used until then
	}
	if s.tracked {
		s.uses.note(old.id, old.used, now)
	}
	return false
}

// remove deletes an entry and tells whether it was live. An expired one may stay.
func (s *session) remove(key string) (bool, error) {
	if !s.tracked {
		n, err := s.c.exec(background, qDeleteKey, s.c.blob(key), moment(s.now()))
		return n > 0, err
	}
	old, live, err := s.find(key, false)
	if err != nil || !live {
		return false, err
	}
	return true, s.removeRow(old.id, int64(len(key))+old.size)
}

// removeRow deletes the row of an entry whose key and value have that many bytes.
func (s *session) removeRow(id, bytes int64) error {
	_, err := s.c.exec(background, qDeleteID, id)
	s.weigh(err, -bytes-RowOverhead)
	return err
}

func (s *session) stamp() (now time.Time, version int64, err error) {
	version, err = s.version()
	return s.now(), version, err
}

// weigh adds a change to the sum, once the statement that made it has succeeded.
func (s *session) weigh(err error, delta int64) {
	if err == nil && s.tracked {
		s.weight += delta
	}
}

// fits returns ErrTooLarge for a value that cannot be stored.
func (s *session) fits(key string, size int) error {
	if size > maxValue {
		return fmt.Errorf("%w: %d bytes, the limit is %d", driver.ErrTooLarge, size, maxValue)
	}
	if s.limit > 0 && int64(len(key)+size+RowOverhead) > s.limit {
		return fmt.Errorf("%w: %d bytes with its key and overhead, max_bytes is %d",
			driver.ErrTooLarge, len(key)+size+RowOverhead, s.limit)
	}
	return nil
}

// notNil makes sure that an empty value is stored as one, and not as NULL.
func notNil(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}
