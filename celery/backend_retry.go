package celery

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// always repeats do while the connection fails, if result_backend_always_retry says so.
func (b *Backend) always(ctx context.Context, op string, do func() error) error {
	if !b.cfg.ResultBackendAlwaysRetry {
		return do()
	}
	most := b.cfg.ResultBackendMaxRetries
	return b.repeat(ctx, op, do, func(retry int) (time.Duration, bool) {
		return b.cfg.backoff(retry), most == 0 || retry < most
	})
}

// backoff is a random time of up to the base, doubled with each retry, but at most the maximum: full jitter,
// so that those who lost a server together do not come back together.
func (c Config) backoff(retry int) time.Duration {
	bound := orDefault(c.ResultBackendMaxSleep, defaultMaxSleep)
	base := orDefault(c.ResultBackendBaseSleep, defaultBaseSleep)
	if retry < 40 && base <= bound>>retry { // no overflow: the product is at most bound
		bound = base << retry
	}
	return time.Duration(rand.Int64N(int64(bound) + 1))
}

// byPolicy repeats do as retry_policy says, on Redis, while the connection fails.
func (b *Backend) byPolicy(ctx context.Context, op string, do func() error) error {
	if b.engine.name != redisEngine {
		return do()
	}
	p := defaultPolicy
	if own := b.cfg.ResultBackendTransportOptions.RetryPolicy; own != nil {
		p = *own
	}
	start := time.Now()
	return b.repeat(ctx, op, do, func(retry int) (time.Duration, bool) {
		inTime := p.Timeout <= 0 || time.Since(start) <= p.Timeout
		return p.sleep(retry), inTime && (p.MaxRetries < 0 || retry < p.MaxRetries)
	})
}

// defaultPolicy is Celery's.
var defaultPolicy = RetryPolicy{MaxRetries: 20, IntervalStep: time.Second, IntervalMax: time.Second}

// sleep is the one before a repetition, counted from 0.
func (p RetryPolicy) sleep(retry int) time.Duration {
	most := p.IntervalStart + p.IntervalMax
	if p.IntervalStep <= 0 || p.IntervalMax <= 0 {
		return p.IntervalStart
	}
	if int64(retry) >= int64(p.IntervalMax/p.IntervalStep) {
		return most
	}
	return p.IntervalStart + time.Duration(retry)*p.IntervalStep
}

// repeat does it until it is done, or fails for another reason than the connection, or next says that it is
// enough. The last error is the one that is returned, also when ctx ends between two attempts: it says why
// there is nothing.
func (b *Backend) repeat(ctx context.Context, op string, do func() error, next func(retry int) (time.Duration, bool)) error {
	for retry := 0; ; retry++ {
		err := do()
		if err == nil || !isConnectionFault(ctx, err) {
			return err
		}
		sleep, again := next(retry)
		if !again || errors.Is(b.ready(ctx), ErrClosed) {
			return err
		}
		b.logger.Debug("celery: connection failed, trying again", "engine", b.engine.name, "op", op, "after", sleep, "error", err)
		timer := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(ctx.Err(), err)
		case <-timer.C:
		}
	}
}

// isConnectionFault tells whether an engine could not be asked, as opposed to having answered.
func isConnectionFault(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, ErrClosed) || errors.Is(err, ErrMiss) {
		return false
	}
	for _, fault := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded, context.DeadlineExceeded,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.ENOENT} {
		if errors.Is(err, fault) {
			return true
		}
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) {
		return true
	}
	return strings.HasPrefix(err.Error(), "LOADING ") // Redis, which is just starting
}
