package larder_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/memory"
	_ "github.com/larder-go/larder/sqlite"
)

// User is what the examples cache.
type User struct {
	Name string
	Age  int
}

var ctx = context.Background()

// open is what every example begins with.
func open() *larder.Cache {
	c, err := larder.Open(ctx, "memory://")
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func Example() {
	c, err := larder.Open(ctx, "memory://?key_prefix=shop&ttl=10m")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	users := larder.Of[User](c, "user:")
	u, err := users.GetOrSet(ctx, "42", func(ctx context.Context) (User, error) {
		return User{"Ada", 36}, nil // from the database, once for all callers
	})
	fmt.Println(u, err)
	// Output: {Ada 36} <nil>
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "larder")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	// The program imports _ "github.com/larder-go/larder/sqlite".
	c, err := larder.Open(ctx, "sqlite:"+filepath.ToSlash(filepath.Join(dir, "cache.db"))+"?key_prefix=shop&ttl=1h")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	_, err = larder.Open(ctx, "memory://?tll=10m")
	fmt.Println(err)
	// Output: larder: memory: open: unknown parameter "tll" in the URL; known: codec, isolate, key_prefix, layout, lazy, max_bytes, max_entries, timeout, ttl, version
}

func ExampleNew() {
	store, err := memory.New(memory.Options{MaxBytes: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	c, err := larder.New(store, larder.WithKeyPrefix("shop"), larder.WithTTL(10*time.Minute))
	fmt.Println(c.URI(), err, c.Close())
	// Output: memory:// <nil> <nil>
}

func ExampleNewView() {
	c := open()
	defer c.Close()

	// Tags are maps, which cannot be shared blindly. Nobody modifies these, so they need not be encoded.
	tags, err := larder.NewView(c, "tags:", larder.Policy[map[string]bool]{TTL: time.Minute, Shared: true})
	if err != nil {
		log.Fatal(err)
	}
	err = tags.Set(ctx, "go", map[string]bool{"fast": true})
	t, _ := tags.Get(ctx, "go")
	fmt.Println(t, err)

	_, err = larder.NewView(c, "n:", larder.Policy[int]{Codec: codec.Raw})
	fmt.Println(err)
	// Output:
	// map[fast:true] <nil>
	// larder: memory: view "n:": codec: codec raw takes []byte and string, not int
}

func ExampleView_Get() {
	c := open()
	defer c.Close()
	users := larder.Of[User](c, "user:")

	_, err := users.Get(ctx, "42")
	fmt.Println(errors.Is(err, larder.ErrMiss))

	_ = users.Set(ctx, "42", User{"Ada", 36})
	u, err := users.Get(ctx, "42")
	fmt.Println(u, err)
	// Output:
	// true
	// {Ada 36} <nil>
}

func ExampleView_GetOr() {
	c := open()
	defer c.Close()
	u, err := larder.Of[User](c, "user:").GetOr(ctx, "42", User{Name: "nobody"})
	fmt.Println(u, err)
	// Output: {nobody 0} <nil>
}

func ExampleView_Has() {
	c := open()
	defer c.Close()
	users := larder.Of[User](c, "user:")
	_ = users.Set(ctx, "42", User{"Ada", 36})
	fmt.Println(users.Has(ctx, "42"))
	fmt.Println(users.Has(ctx, "43"))
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleView_TTL() {
	c := open()
	defer c.Close()
	users := larder.Of[User](c, "user:")
	_ = users.Set(ctx, "42", User{"Ada", 36}, larder.TTL(time.Hour))
	left, expires, err := users.TTL(ctx, "42")
	fmt.Println(left.Round(time.Minute), expires, err)
	// Output: 1h0m0s true <nil>
}

func ExampleView_Set() {
	c := open()
	defer c.Close()
	users := larder.Of[User](c, "user:")
	fmt.Println(users.Set(ctx, "42", User{"Ada", 36}, larder.TTL(10*time.Minute)))
	fmt.Println(users.Set(ctx, "42", User{"Ada", 36}, larder.NoExpiry))
	fmt.Println(users.Set(ctx, "42", User{"Ada", 36}, larder.TTL(0)))
	// Output:
	// <nil>
	// <nil>
	// larder: memory: set "user:42": bad ttl: 0s is not above zero (larder.NoExpiry says never)
}

func ExampleView_Add() {
	c := open()
	defer c.Close()
	locks := larder.Of[string](c, "lock:")
	fmt.Println(locks.Add(ctx, "report", "worker 1", larder.TTL(time.Minute)))
	fmt.Println(locks.Add(ctx, "report", "worker 2", larder.TTL(time.Minute)))
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleView_GetOrSet() {
	c := open()
	defer c.Close()
	users := larder.Of[User](c, "user:")
	load := func(context.Context) (User, error) {
		fmt.Println("loading")
		return User{"Ada", 36}, nil
	}
	for range 2 {
		fmt.Println(users.GetOrSet(ctx, "42", load, larder.TTL(time.Minute)))
	}
	_, err := users.GetOrSet(ctx, "43", func(context.Context) (User, error) { return User{}, larder.ErrNotFound })
	fmt.Println(errors.Is(err, larder.ErrNotFound))
	// Output:
	// loading
	// {Ada 36} <nil>
	// {Ada 36} <nil>
	// true
}

func ExampleValue() {
	c := open()
	defer c.Close()
	limits := larder.Of[int](c, "limit:")
	fmt.Println(limits.GetOrSet(ctx, "uploads", larder.Value(10)))
	// Output: 10 <nil>
}

func ExampleView_GetMany() {
	c := open()
	defer c.Close()
	ages := larder.Of[int](c, "age:")
	_ = ages.Set(ctx, "ada", 36)
	fmt.Println(ages.GetMany(ctx, []string{"ada", "bob"}))
	// Output: map[ada:36] <nil>
}

func ExampleView_SetMany() {
	c := open()
	defer c.Close()
	ages := larder.Of[int](c, "age:")
	fmt.Println(ages.SetMany(ctx, map[string]int{"ada": 36, "bob": 41}, larder.TTL(time.Hour)))
	// Output: <nil>
}

func ExampleView_SetMany_failures() {
	c := open()
	defer c.Close()
	prices := larder.Of[any](c, "price:")
	err := prices.SetMany(ctx, map[string]any{"tea": 2.5, "coffee": make(chan int)})

	var batch *larder.BatchError
	if errors.As(err, &batch) {
		fmt.Println("failed:", slices.Sorted(maps.Keys(batch.Keys)), errors.Is(err, larder.ErrCodec))
	}
	fmt.Println(prices.Get(ctx, "tea"))
	// Output:
	// failed: [coffee] true
	// 2.5 <nil>
}

func ExampleView_DeleteMany() {
	c := open()
	defer c.Close()
	ages := larder.Of[int](c, "age:")
	_ = ages.SetMany(ctx, map[string]int{"ada": 36, "bob": 41})
	fmt.Println(ages.DeleteMany(ctx, []string{"ada", "bob", "eve"}))
	// Output: 2 <nil>
}

func ExampleView_GetOrSetMany() {
	c := open()
	defer c.Close()
	ages := larder.Of[int](c, "age:")
	_ = ages.Set(ctx, "ada", 36)
	found, err := ages.GetOrSetMany(ctx, []string{"ada", "bob", "eve"},
		func(_ context.Context, missing []string) (map[string]int, error) {
			fmt.Println("loading", missing)
			return map[string]int{"bob": 41}, nil // there is no eve
		})
	fmt.Println(found, err)
	// Output:
	// loading [bob eve]
	// map[ada:36 bob:41] <nil>
}

func ExampleView_Delete() {
	c := open()
	defer c.Close()
	users := larder.Of[User](c, "user:")
	_ = users.Set(ctx, "42", User{"Ada", 36})
	fmt.Println(users.Delete(ctx, "42"))
	fmt.Println(users.Delete(ctx, "42"))
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleView_Touch() {
	c := open()
	defer c.Close()
	users := larder.Of[User](c, "user:")
	_ = users.Set(ctx, "42", User{"Ada", 36}, larder.TTL(time.Minute))
	fmt.Println(users.Touch(ctx, "42", larder.TTL(time.Hour)))
	fmt.Println(users.Touch(ctx, "43", larder.TTL(time.Hour)))
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleCache_Incr() {
	c := open()
	defer c.Close()
	fmt.Println(c.Incr(ctx, "visits", 5)) // a missing key becomes delta
	fmt.Println(c.Incr(ctx, "visits", 1))
	// Output:
	// 5 <nil>
	// 6 <nil>
}

func ExampleCache_Decr() {
	c := open()
	defer c.Close()
	fmt.Println(c.Decr(ctx, "stock", 1))
	// Output: -1 <nil>
}

func ExampleView_Incr() {
	c := open()
	defer c.Close()
	hits := larder.Of[int](c, "hits:")
	fmt.Println(hits.Incr(ctx, "/index", 1, larder.TTL(time.Hour)))
	fmt.Println(hits.Get(ctx, "/index"))
	// Output:
	// 1 <nil>
	// 1 <nil>
}

func ExampleView_Decr() {
	c := open()
	defer c.Close()
	stock := larder.Of[int](c, "stock:")
	_ = stock.Set(ctx, "tea", 10)
	fmt.Println(stock.Decr(ctx, "tea", 3))
	// Output: 7 <nil>
}

func ExampleView_IncrFloat() {
	c := open()
	defer c.Close()
	totals := larder.Of[float64](c, "total:")
	_ = totals.Set(ctx, "tea", 0.1)
	fmt.Println(totals.IncrFloat(ctx, "tea", 0.2))
	// Output: 0.3 <nil>
}

func ExampleView_DecrFloat() {
	c := open()
	defer c.Close()
	totals := larder.Of[float64](c, "total:")
	_ = totals.Set(ctx, "tea", 2.5)
	fmt.Println(totals.DecrFloat(ctx, "tea", 0.5))
	// Output: 2 <nil>
}

func ExampleView_Clear() {
	c := open()
	defer c.Close()
	users, ages := larder.Of[User](c, "user:"), larder.Of[int](c, "age:")
	_ = users.Set(ctx, "42", User{"Ada", 36})
	_ = ages.Set(ctx, "ada", 36)
	fmt.Println(users.Clear(ctx))
	fmt.Println(ages.Has(ctx, "ada"))
	// Output:
	// 1 <nil>
	// true <nil>
}

func ExampleCache_Clear() {
	c := open()
	defer c.Close()
	_ = larder.Of[int](c, "age:").Set(ctx, "ada", 36)
	fmt.Println(c.Clear(ctx)) // everything in the engine's database, other programs' keys too
	// Output: 1 <nil>
}

func ExampleView_Keys() {
	c := open()
	defer c.Close()
	ages := larder.Of[int](c, "age:")
	_ = ages.Set(ctx, "ada", 36)
	for key, err := range ages.Keys(ctx) {
		fmt.Println(key, err)
	}
	// Output: ada <nil>
}

func ExampleCache_Keys() {
	c := open()
	defer c.Close()
	_ = larder.Of[int](c, "age:").Set(ctx, "ada", 36)
	for key, err := range c.Keys(ctx) {
		fmt.Println(key, err)
	}
	// Output: age:ada <nil>
}

func ExampleView_Inspect() {
	c := open()
	defer c.Close()
	ages := larder.Of[int](c, "age:")
	_ = ages.Set(ctx, "ada", 36)
	infos, err := ages.Inspect(ctx, []string{"ada", "bob"})
	fmt.Println(infos["ada"].Size, len(infos), err)
	// Output: 2 1 <nil>
}

func ExampleCache_Ping() {
	c := open()
	defer c.Close()
	server, err := c.Ping(ctx)
	fmt.Println(server.Engine, err)
	// Output: memory <nil>
}

func ExampleCache_Stats() {
	c := open()
	defer c.Close()
	ages := larder.Of[int](c, "age:")
	_, _ = ages.GetOrSet(ctx, "ada", larder.Value(36))
	_, _ = ages.Get(ctx, "ada")
	s := c.Stats()
	fmt.Println(s.Hits, s.Misses, s.Sets, s.Loads, s.Errors)
	// Output: 1 1 1 1 0
}

func ExampleCache_Report() {
	c := open()
	defer c.Close()
	facts, err := c.Report(ctx)
	for _, f := range facts {
		fmt.Println(f.Name, f.Value)
	}
	fmt.Println(err)
	// Output:
	// entries 0
	// evictions 0
	// max_entries 100000
	// <nil>
}

func ExampleCache_URI() {
	c, err := larder.Open(ctx, "memory://sessions?ttl=10m")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println(c.URI())
	// Output: memory://sessions?ttl=10m
}

func ExampleCache_As() {
	dir, err := os.MkdirTemp("", "larder")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c, err := larder.Open(ctx, "sqlite:"+filepath.ToSlash(filepath.Join(dir, "cache.db")))
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	var db *sql.DB // the engine's own client
	if c.As(&db) {
		var mode string
		err = db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode)
		fmt.Println(mode, err)
	}
	// Output: wal <nil>
}

func ExampleCache_Close() {
	c := open()
	fmt.Println(c.Close())
	_, err := larder.Of[int](c, "age:").Get(ctx, "ada")
	fmt.Println(err)
	// Output:
	// <nil>
	// larder: memory: get "age:ada": closed
}

// The engine has to be one that tells, with import _ "github.com/larder-go/larder/redis".
func ExampleView_Watch() {
	c, err := larder.Open(ctx, "redis://localhost/0?key_prefix=shop")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	pages := map[string]string{} // made of users, and kept here
	for change, err := range larder.Of[User](c, "user:").Watch(ctx) {
		switch {
		case err != nil:
			log.Print(err)
		case change.Gap:
			clear(pages)
		default:
			delete(pages, change.Key)
		}
	}
}

func ExampleCache_Watch() {
	c := open()
	defer c.Close()
	for _, err := range c.Watch(ctx) {
		fmt.Println(errors.Is(err, errors.ErrUnsupported)) // memory:// has nobody to tell of
	}
	// Output: true
}

func ExampleCache_Advise() {
	c := open()
	defer c.Close()
	advice, err := c.Advise(ctx)
	for _, a := range advice {
		fmt.Println(a.Subject, a.Fine, a.Text)
	}
	fmt.Println(len(advice), err) // memory:// has nothing to look at
	// Output: 0 <nil>
}

func ExampleVersion() {
	c := open()
	defer c.Close()
	users := larder.Of[User](c, "user:")
	_ = users.Set(ctx, "42", User{"Ada", 36}, larder.Version(2))
	fmt.Println(users.Has(ctx, "42"))
	fmt.Println(users.Has(ctx, "42", larder.Version("2")))
	// Output:
	// false <nil>
	// true <nil>
}
