// Command hitratio replays the requests of real systems through larder on memory://, otter itself, an LRU and Belady's
// optimum, and prints the hit ratios in per cent.
//
//	go run ./hitratio                                      web07 and web12, 75 to 2,400 entries
//	go run ./hitratio -sizes 2500,5000,10000,20000 PATH    another trace
//	go run ./hitratio -flat-out                            without letting otter finish its work between requests
//
// otter hashes with a random seed, so that no two replays are quite the same. Its ratios are means; behind ± is the
// standard deviation of one replay. What is replayed again, and how often, goes by the standard error
// of the difference.
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
	runs := flag.Int("runs", 5, "least number of replays of each")
	most := flag.Int("most", 100, "largest number of replays of each")
	within := flag.Float64("within", 0.1, "replay until the standard error of larder - otter is below this")
	fast := flag.Bool("flat-out", false, "do not let otter finish its work between two requests")
	flag.Parse()
	paths := flag.Args()
	if len(paths) == 0 {
		paths = []string{"testdata/web07.trace.xz", "testdata/web12.trace.xz"}
	}
	p := plan{pace: pace(*fast), runs: *runs, most: *most, within: *within}
	for _, path := range paths {
		if err := p.table(os.Stdout, path, *sizes); err != nil {
			fmt.Fprintln(os.Stderr, "hitratio:", err)
			os.Exit(1)
		}
	}
}

// plan is how often to replay.
type plan struct {
	pace       pace
	runs, most int
	within     float64
}

func (p plan) table(w io.Writer, path, sizes string) error {
	trace, err := readTrace(path)
	if err != nil {
		return err
	}
	keys := named(trace)
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	fmt.Fprintf(w, "%s: %d requests\n", name, len(keys))
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "entries\tGetOrSet\t\tGet, Set\t\totter\t\tlarder - otter\treplays\tLRU\tBelady\t")
	for s := range strings.SplitSeq(sizes, ",") {
		size, err := strconv.Atoi(s)
		if err != nil || size < 1 {
			return fmt.Errorf("-sizes: %q is not a number of entries", s)
		}
		r, err := p.measure(size, keys)
		if err != nil {
			return err
		}
		lru, err := flatOut.replay(newLRU, size, keys)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d\t%v\t%v\t%v\t%+.2f\t%d\t%.2f\t%.2f\t\n", size, r.getOrSet, r.getAndSet, r.otter, r.difference(),
			len(r.otter), lru, percent(belady(trace, size), len(trace)))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w)
	return err
}

// ratios are those of one size.
type ratios struct{ getOrSet, getAndSet, otter sample }

// difference is how much larder's hit ratio is above otter's, in points.
func (r *ratios) difference() float64 { return r.getOrSet.mean() - r.otter.mean() }

// measure replays through each in turn, so that what else the machine does meets all of them.
func (p plan) measure(size int, keys []string) (*ratios, error) {
	r := &ratios{}
	for len(r.otter) < p.runs || len(r.otter) < p.most && math.Hypot(r.getOrSet.standardError(), r.otter.standardError()) > p.within {
		for _, one := range []struct {
			newCache maker
			ratios   *sample
		}{{newGetOrSet, &r.getOrSet}, {newGetAndSet, &r.getAndSet}, {newOtter, &r.otter}} {
			ratio, err := p.pace.replay(one.newCache, size, keys)
			if err != nil {
				return nil, err
			}
			*one.ratios = append(*one.ratios, ratio)
		}
	}
	return r, nil
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

func (s sample) standardError() float64 { return s.deviation() / math.Sqrt(float64(len(s))) }

// String is two columns of the table.
func (s sample) String() string { return fmt.Sprintf("%.2f\t±%.2f", s.mean(), s.deviation()) }
