package larder

import "context"

// AwaitNear returns when it is known whether the near copy is told of changes.
func AwaitNear(ctx context.Context, c *Cache) error { return c.engine.near.await(ctx) }
