// Package changes keeps which keys have changed until a consumer that may be slow has taken them.
package changes
