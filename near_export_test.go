package larder

import (
	"context"

	"github.com/larder-go/larder/driver"
)

// AwaitNear returns when it is known whether the near copy is told of changes.
func AwaitNear(ctx context.Context, c *Cache) error { return c.engine.near.await(ctx) }

// StoreOf returns the engine's store.
func StoreOf(c *Cache) driver.Store { return c.engine.store }
