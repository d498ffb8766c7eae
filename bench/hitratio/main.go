// Command hitratio replays the requests of real systems through larder on memory://, otter itself, an LRU and Belady's
// optimum, and prints the hit ratios in per cent.
//
//	go run ./hitratio                                      web07 and web12, 75 to 2,400 entries
//	go run ./hitratio -sizes 2500,5000,10000,20000 PATH    another trace
//
// otter maintains its policy on a goroutine of its own and hashes with a seed of its own, so that no two
// replays are quite the same. Every number is the mean of several, and behind ± is their standard deviation.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	sizes := flag.String("sizes", "75,150,300,600,1200,2400", "how many entries the caches hold")
	runs := flag.Int("runs", 10, "replays of each")
	flag.Parse()
	paths := flag.Args()
	if len(paths) == 0 {
		paths = []string{"testdata/web07.trace.xz", "testdata/web12.trace.xz"}
	}
	for _, path := range paths {
		if err := table(os.Stdout, path, *sizes, *runs); err != nil {
			fmt.Fprintln(os.Stderr, "hitratio:", err)
			os.Exit(1)
		}
	}
}

func table(w io.Writer, path, sizes string, runs int) error {
	trace, err := readTrace(path)
	if err != nil {
		return err
	}
	keys := named(trace)
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	fmt.Fprintf(w, "%s: %d requests, mean of %d replays\n", name, len(keys), runs)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "entries\tlarder\t\tlarder Get, Set\t\totter\t\tlarder - otter\tLRU\tBelady\t")
	for _, s := range strings.Split(sizes, ",") {
		size, err := strconv.Atoi(s)
		if err != nil || size < 1 {
			return fmt.Errorf("-sizes: %q is not a number of entries", s)
		}
		got, err := measure(size, runs, keys)
		if err != nil {
			return err
		}
		ours, otter := got["larder"], got["otter"]
		fmt.Fprintf(out, "%d\t%v\t%v\t%v\t%+.2f\t%.2f\t%.2f\t\n", size, ours, got["larder Get, Set"], otter, ours.mean()-otter.mean(),
			got["LRU"].mean(), percent(belady(trace, size), len(trace)))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w)
	return err
}

// measure replays in turn through each cache, so that what else the machine does meets all of them.
func measure(size, runs int, keys []string) (map[string]sample, error) {
	got := map[string]sample{}
	for range runs {
		for _, newCache := range caches {
			name, ratio, err := replay(newCache, size, keys)
			if err != nil {
				return nil, err
			}
			got[name] = append(got[name], ratio)
		}
	}
	return got, nil
}

// sample is the hit ratios of several replays.
type sample []float64

func (s sample) mean() float64 {
	sum := 0.0
	for _, x := range s {
		sum += x
	}
	return sum / float64(len(s))
}

func (s sample) deviation() float64 {
	if len(s) < 2 {
		return 0
	}
	mean, sum := s.mean(), 0.0
	for _, x := range s {
		sum += (x - mean) * (x - mean)
	}
	return math.Sqrt(sum / float64(len(s)-1))
}

// String is two columns of the table.
func (s sample) String() string { return fmt.Sprintf("%.2f\t±%.2f", s.mean(), s.deviation()) }
