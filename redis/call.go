package redis

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// explain says what an error of rueidis means in the words of package driver.
func explain(err error) error {
	var reply *rueidis.RedisError
	switch {
	case err == nil:
		return nil
	case rueidis.IsRedisNil(err):
		return driver.ErrMiss
	case errors.Is(err, rueidis.ErrClosing):
		return driver.ErrClosed
	case errors.As(err, &reply):
		return explainReply(reply)
	}
	return err
}

// explainReply keeps the server's own words, which name no password.
func explainReply(reply *rueidis.RedisError) error {
	text := reply.Error()
	if strings.HasPrefix(text, "WRONGTYPE") {
		return fmt.Errorf("%w: the key holds another type of Redis than a string", driver.ErrCodec)
	}
	return reply
}
