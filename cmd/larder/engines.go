package main

import (
	// Beside memory and dummy, which are always there.
	_ "github.com/larder-go/larder/memcached"
	_ "github.com/larder-go/larder/redis"
	_ "github.com/larder-go/larder/sqlite"
)
