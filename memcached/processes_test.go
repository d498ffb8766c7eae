package memcached_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached"
)

// loaderVariable tells a process of this test binary that it is one of those that want a cold key, and on which server.
const loaderVariable = "LARDER_TEST_LOADER"

// withoutLeases before it makes the process do without what is tested.
const withoutLeases = "without leases: "

// wantKey is such a process: 250 goroutines want a key that takes half a second to load. The origin counts its loads beside it.
func wantKey(addr string) error {
	addr, leaseless := strings.CutPrefix(addr, withoutLeases)
	s, err := memcached.Open(context.Background(), memcached.Options{Addresses: []string{addr}})
	if err != nil {
		return err
	}
	var store driver.Store = s
	if leaseless {
		store = struct {
			driver.Store
			driver.Adder
			driver.Counter
		}{s, s, s}
	}
	c, err := larder.New(store)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	v := larder.Of[int](c, "")
	errs := make([]error, 250)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			got, err := v.GetOrSet(context.Background(), "cold", func(ctx context.Context) (int, error) {
				if _, err := c.Incr(ctx, "loads", 1); err != nil {
					return 0, err
				}
				fmt.Println("loading")
				time.Sleep(500 * time.Millisecond) // a slow origin
				return 42, nil
			})
			if errs[i] = err; err == nil && got != 42 {
				errs[i] = fmt.Errorf("got %d", got)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestOneLoadOfFourProcesses: exactly one, and one more if the process that loads is killed. Without leases it is one in each process.
func TestOneLoadOfFourProcesses(t *testing.T) {
	for name, most := range map[string]int{"undisturbed": 1, "killed": 2, "without leases": 4} {
		t.Run(name, func(t *testing.T) {
			o := emptied(t, server)
			task := o.Addresses[0]
			if most == 4 {
				task = withoutLeases + task
			}
			var all sync.WaitGroup
			var kill sync.Once
			for range 4 {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), loaderVariable+"="+task)
				cmd.Stderr = os.Stderr
				in, _ := cmd.StdinPipe()
				out, _ := cmd.StdoutPipe()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					killed := false
					lines := bufio.NewScanner(out)
					for lines.Scan() {
						switch {
						case lines.Text() == "ready":
							_, _ = in.Write([]byte("go\n"))
						case lines.Text() == "loading" && most == 2:
							kill.Do(func() { killed = true; _ = cmd.Process.Kill() })
						}
					}
					if err := cmd.Wait(); err != nil && !killed {
						t.Error(err)
					}
				})
			}
			all.Wait()
			c, err := larder.New(open(t, o))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			loads, err := c.Incr(t.Context(), "loads", 0)
			if err != nil || int(loads) != most {
				t.Errorf("%d loads, %v; want %d; %s", loads, err, most, strings.Join(server.Keys(t), " "))
			}
		})
	}
}
