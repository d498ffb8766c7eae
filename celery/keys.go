package celery

import (
	"fmt"
	"strings"

	"github.com/larder-go/larder/driver"
)

// kind says what a key is for.
type kind string

// The kinds, with the prefixes that they have in Celery.
const (
	taskKey  kind = "celery-task-meta-"    // a task's result
	groupKey kind = "celery-taskset-meta-" // a saved group; with one of the suffixes below behind it, a chord on Redis
	chordKey kind = "chord-unlock-"        // a chord's counter on memcached
)

// What stands behind the key of a group for a chord whose parts are collected.
const (
	partsSuffix = ".j" // the parts that are done
	sizeSuffix  = ".s" // how many parts it had at first
	extraSuffix = ".t" // how many were added while it was running
)

// collectionID is the id of the chord to whose collection an id of groupKey belongs, if it has one
// of the suffixes.
func collectionID(id string) (groupID string, ok bool) {
	for _, suffix := range []string{partsSuffix, sizeSuffix, extraSuffix} {
		if groupID, ok = strings.CutSuffix(id, suffix); ok && groupID != "" {
			return groupID, true
		}
	}
	return "", false
}

// key is the key of an id, with the global prefix. An empty id is ErrBadID, and one that no engine
// takes ErrBadKey.
func (b *Backend) key(k kind, id string) (string, error) {
	if err := b.checkKey(k, id); err != nil {
		return "", err
	}
	return b.prefix + string(k) + id, nil
}

func (b *Backend) checkKey(k kind, id string) error {
	if id == "" {
		return ErrBadID
	}
	if len(b.prefix)+len(k)+len(id) > driver.MaxKeyLen {
		return fmt.Errorf("%w: an id of %d bytes", ErrBadKey, len(id))
	}
	return nil
}

// isChordCounter tells whether a key is that of a chord's counter.
func (b *Backend) isChordCounter(key string) bool {
	return strings.HasPrefix(key, b.prefix+string(chordKey))
}

// globalPrefix is what a global_keyprefix puts before keys: if it does not end in one of : _ - . Celery puts
// an underscore behind it.
func globalPrefix(setting string) string {
	if setting == "" || strings.ContainsAny(setting[len(setting)-1:], ":_-.") {
		return setting
	}
	return setting + "_"
}
