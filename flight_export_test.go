package larder

// ActiveLoads is how many keys somebody loads, or waits for.
func ActiveLoads(c *Cache) int { return c.engine.flights.Active() }
