package redis

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// errReply is for answers that no server of Redis gives.
var errReply = errors.New("an answer of the wrong kind")

// explain says what an error of rueidis means in the words of package driver.
func explain(err error) error {
	if err == nil {
		return nil // apart, because errors.As costs an allocation even then
	}
	return explainFault(err)
}

func explainFault(err error) error {
	if rueidis.IsRedisNil(err) {
		return driver.ErrMiss
	}
	if errors.Is(err, rueidis.ErrClosing) {
		return driver.ErrClosed
	}
	if reply := new(rueidis.RedisError); errors.As(err, &reply) {
		return explainReply(reply)
	}
	return err
}

// isReply tells whether a server has answered, with an error.
func isReply(err error) bool {
	_, ok := rueidis.IsRedisErr(err)
	return ok
}

// says tells whether a server has answered with an error that begins like this.
func says(err error, beginning string) bool {
	reply, ok := rueidis.IsRedisErr(err)
	return ok && strings.HasPrefix(reply.Error(), beginning)
}

// denied tells whether the user may not do that.
func denied(err error) bool { return says(err, "NOPERM") }

// explainReply keeps the server's own words, which name no password.
func explainReply(reply *rueidis.RedisError) error {
	text := reply.Error()
	switch {
	case strings.Contains(text, "WRONGTYPE"): // not at the beginning when a script meets it, before Redis 7
		return fmt.Errorf("%w: the key holds another type of Redis than a string", driver.ErrCodec)
	case strings.Contains(text, "invalid bulk length"), strings.Contains(text, "string exceeds maximum allowed size"):
		return driver.ErrTooLarge
	}
	return reply
}
