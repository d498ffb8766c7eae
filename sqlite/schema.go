package sqlite

import "strconv"

// applicationID is what SQLite's header says of a larder database ("lrdr"), and what file(1) shows.
const applicationID = 0x6c726472

// schemaVersion is the user_version of the files that this package reads and writes.
const schemaVersion = 2

// pageSize is that of new files. Half of SQLite's default: an entry that changes makes its whole page go to the log and from
// there to the file, and Set of random keys took 1.2 to 1.3 times as long with it. A quarter made large values slower.
const pageSize = 2048

// schema is run in one transaction on an empty database.
//
// value is the last column, so that the others are read without its overflow pages. expires is in
// units of Resolution, NULL for entries without expiry. due is when to look whether the entry has expired: never
// later than expires, but it may be earlier, also where there is no expiry any more. So a write that puts expiry
// off leaves due alone, and with it the index: another random page in each commit, which made replacing an entry
// twice as dear. Whoever looks at an entry that is due too early corrects it, once in a lifetime. meta has
// one row: versions is how many entry versions have been handed out (see versionBlock), weight the sum of the
// entries' weights, NULL until a process asks for a limit.
var schema = []string{
	`CREATE TABLE entries (
		id      INTEGER PRIMARY KEY,
		key     BLOB NOT NULL UNIQUE,
		due     INTEGER,
		expires INTEGER,
		used    INTEGER NOT NULL,
		version INTEGER NOT NULL,
		value   BLOB NOT NULL)`,
	`CREATE INDEX entries_due ON entries (due) WHERE due IS NOT NULL`,
	`CREATE TABLE meta (
		id       INTEGER PRIMARY KEY CHECK (id = 1),
		versions INTEGER NOT NULL,
		weight   INTEGER)`,
	`INSERT INTO meta (id, versions) VALUES (1, 0)`,
	`PRAGMA application_id = ` + strconv.Itoa(applicationID),
	`PRAGMA user_version = ` + strconv.Itoa(schemaVersion),
}

// trackWeight begins to keep the sum of weights and the order of use.
var trackWeight = []string{
	`CREATE INDEX IF NOT EXISTS entries_used ON entries (used)`,
	`UPDATE meta SET weight = (SELECT coalesce(sum(length(key) + length(value) + ` + strconv.Itoa(RowOverhead) + `), 0) FROM entries)`,
}

// query is a statement that a connection prepares once, when it first needs it.
type query int

const (
	qBegin query = iota
	qCommit
	qRollback
	qMeta
	qSetWeight
	qReserve
	qUpsert
	qOverwrite
	qInsert
	qReplace
	qReplaceUsed
	qTouch
	qTouchUsed
	qFind
	qFindText
	qDeleteKey
	qDeleteID
	qDeleteAll
	qRange
	qDue
	qPutOff
	qOldest
	qUse
	qFree
	qShrink
	qGet
	qGetFull
	qGetLarge
	qInspect
	qKeys
	qCount
	qCountExpired
	queries
)

// largeLimit is largeValue for SQL.
var largeLimit = strconv.Itoa(largeValue)

// The parameters are bare question marks: the driver looks numbered ones up by name, which is slow.
var sqlText = [queries]string{
	qBegin:     `BEGIN IMMEDIATE`,
	qCommit:    `COMMIT`,
	qRollback:  `ROLLBACK`,
	qMeta:      `SELECT weight FROM meta`,
	qSetWeight: `UPDATE meta SET weight = ?`,
	qReserve:   `UPDATE meta SET versions = versions + ? RETURNING versions`,
	qUpsert: `INSERT INTO entries (key, due, expires, used, version, value) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET expires = excluded.expires, used = excluded.used,
		version = excluded.version, value = excluded.value
		WHERE excluded.due IS NULL OR due <= excluded.due`,
	qOverwrite:   `UPDATE entries SET due = ?, expires = ?, used = ?, version = ?, value = ? WHERE key = ?`,
	qInsert:      `INSERT INTO entries (key, due, expires, used, version, value) VALUES (?, ?, ?, ?, ?, ?)`,
	qReplace:     `UPDATE entries SET expires = ?, version = ?, value = ? WHERE id = ?`,
	qReplaceUsed: `UPDATE entries SET due = ?, expires = ?, used = ?, version = ?, value = ? WHERE id = ?`,
	qTouch:       `UPDATE entries SET expires = ? WHERE id = ?`,
	qTouchUsed:   `UPDATE entries SET due = ?, expires = ?, used = ? WHERE id = ?`,
	qFind:        `SELECT id, due, expires, used, version, length(value) FROM entries WHERE key = ?`,
	qFindText: `SELECT id, due, expires, used, version, length(value), CASE WHEN length(value) <= 65536 THEN value END
		FROM entries WHERE key = ?`,
	qDeleteKey: `DELETE FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)`,
	qDeleteID:  `DELETE FROM entries WHERE id = ?`,
	qDeleteAll: `DELETE FROM entries`,
	qRange: `SELECT id, expires, length(key) + length(value), key FROM entries
		WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`,
	qDue:    `SELECT id, length(key) + length(value), expires FROM entries WHERE due <= ? ORDER BY due LIMIT ?`,
	qPutOff: `UPDATE entries SET due = expires WHERE id = ?`,
	qOldest: `SELECT id, length(key) + length(value), used FROM entries ORDER BY used LIMIT ?`,
	qUse:    `UPDATE entries SET used = ? WHERE id = ? AND used <= ?`,
	qFree:   `SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count`,
	qShrink: `PRAGMA incremental_vacuum(256)`,
	qGet: `SELECT CASE WHEN length(value) <= ` + largeLimit + ` THEN value END FROM entries
		WHERE key = ? AND (expires IS NULL OR expires > ?)`,
	qGetFull: `SELECT CASE WHEN length(value) <= ` + largeLimit + ` THEN value END, id, used, version FROM entries
		WHERE key = ? AND (expires IS NULL OR expires > ?)`,
	qGetLarge:     `SELECT value, id, used, version FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)`,
	qInspect:      `SELECT expires, length(value) FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)`,
	qKeys:         `SELECT key, expires FROM entries WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`,
	qCount:        `SELECT count(*) FROM entries`,
	qCountExpired: `SELECT count(*) FROM entries WHERE due <= ? AND expires <= ?`,
}
