package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/larder-go/larder/driver"
)

// Resolution is the unit of lifetimes: a ttl is rounded up to it.
const Resolution = time.Millisecond

// Get returns the value of key.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	c, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	value, err := c.Do(ctx, c.B().Get().Key(key).Build()).AsBytes()
	return value, explain(err)
}

// Set stores value with its lifetime in one command.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	c, err := s.client(ctx)
	if err != nil {
		return err
	}
	if !s.fits(value) {
		return s.tooLarge(ctx, key)
	}
	err = explain(s.write(ctx, c, key, ttl, setCommand(c.B(), key, text(ctx, value), ttl)))
	if err == driver.ErrTooLarge { //nolint:errorlint // explain returns it bare
		return s.tooLarge(ctx, key) // the server's limit is lower than it was said to be
	}
	return err
}

// write runs a command that gives key a value, and voids the key's lease.
func (s *Store) write(ctx context.Context, c rueidis.Client, key string, ttl time.Duration, cmd rueidis.Completed) error {
	if s.voids(key, ttl) {
		void, at := unlinkCommand(c.B(), leaseKey(key)), 0
		cmds := []rueidis.Completed{cmd, void}
		if passes(ttl) {
			cmds, at = []rueidis.Completed{void, cmd}, 1
		}
		replies := c.DoMulti(ctx, cmds...)
		return first(replies[at].Error(), leaseError(replies[1-at]))
	}
	if err := c.Do(ctx, cmd).Error(); err != nil {
		return err
	}
	return s.wrote(ctx, c, key)
}

// tooLarge deletes the key whose new value cannot be stored.
func (s *Store) tooLarge(ctx context.Context, key string) error {
	if _, err := s.Delete(ctx, key); err != nil {
		return err
	}
	return driver.ErrTooLarge
}

// Delete voids the key's lease before it removes the key: in the other order, a load that began before could store
// its value in between.
func (s *Store) Delete(ctx context.Context, key string) (bool, error) {
	c, err := s.client(ctx)
	if err != nil {
		return false, err
	}
	b := c.B()
	replies := c.DoMulti(ctx, unlinkCommand(b, leaseKey(key)), unlinkCommand(b, key))
	n, err := replies[1].ToInt64()
	return n == 1, explain(first(err, leaseError(replies[0])))
}

// Add stores value only where nothing is: one command, so that there is one winner and no entry without its lifetime.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	c, err := s.client(ctx)
	if err != nil {
		return false, err
	}
	if !s.fits(value) {
		return false, driver.ErrTooLarge
	}
	err = s.write(ctx, c, key, ttl, addCommand(c.B(), key, text(ctx, value), ttl))
	if rueidis.IsRedisNil(err) {
		return false, nil
	}
	return err == nil, explain(err)
}

// Touch gives key a new lifetime. A short one voids the lease that the entry has kept from being used as long as it stood.
func (s *Store) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	c, err := s.client(ctx)
	if err != nil {
		return false, err
	}
	if ttl == 0 {
		return persist(ctx, c, key)
	}
	pexpire := c.B().Pexpire().Key(key).Milliseconds(milliseconds(ttl)).Build()
	if !passes(ttl) {
		n, err := c.Do(ctx, pexpire).ToInt64()
		return n == 1, explain(err)
	}
	replies := c.DoMulti(ctx, unlinkCommand(c.B(), leaseKey(key)), pexpire)
	n, err := replies[1].ToInt64()
	return n == 1, explain(first(err, leaseError(replies[0])))
}

// persist asks first whether key is there, because PERSIST says no to an entry without a lifetime too. In the other order an
// entry that is made in between, with a lifetime, would be reported as one without.
func persist(ctx context.Context, client rueidis.Client, key string) (bool, error) {
	b := client.B()
	replies := client.DoMulti(ctx, b.Exists().Key(key).Build(), b.Persist().Key(key).Build())
	there, err := replies[0].ToInt64()
	if err != nil {
		return false, explain(err)
	}
	changed, err := replies[1].ToInt64()
	return there+changed > 0, explain(err)
}

// milliseconds rounds ttl up.
func milliseconds(ttl time.Duration) int64 {
	return int64((ttl + Resolution - 1) / Resolution)
}

// text is value for a command. rueidis may still be writing a command whose caller has left because his ctx has ended; a
// caller who cannot leave keeps the value as it is until it has been written, and saves the copy.
func text(ctx context.Context, value []byte) string {
	if ctx.Done() == nil {
		return rueidis.BinaryString(value)
	}
	return string(value)
}

func setCommand(b rueidis.Builder, key, value string, ttl time.Duration) rueidis.Completed {
	cmd := b.Set().Key(key).Value(value)
	if ttl == 0 {
		return cmd.Build()
	}
	return cmd.PxMilliseconds(milliseconds(ttl)).Build()
}

func addCommand(b rueidis.Builder, key, value string, ttl time.Duration) rueidis.Completed {
	cmd := b.Set().Key(key).Value(value).Nx()
	if ttl == 0 {
		return cmd.Build()
	}
	return cmd.PxMilliseconds(milliseconds(ttl)).Build()
}

func unlinkCommand(b rueidis.Builder, key string) rueidis.Completed {
	return b.Unlink().Key(key).Build()
}

// leaseError is the error of a command that deletes a lease. Who may not touch leases takes none: those who share the data
// with others that do need the right, which the package's documentation says.
func leaseError(reply rueidis.RedisResult) error {
	err := reply.Error()
	if denied(err) {
		return nil
	}
	return err
}

// first returns the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
