// Command report reads what `go test -json` prints and says it for people: one line a package, the
// output of what failed, the reason of what was skipped, and totals that a script can add up.
//
//	go test -json ./... | go run ./scripts/report [-strict] [-totals FILE]
//
// Its exit status is 1 if a test or a package failed, or, with -strict, if a test was skipped.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
)

func main() {
	strict := flag.Bool("strict", false, "a skipped test is a failure")
	totals := flag.String("totals", "", "write `passed failed skipped` to this file")
	flag.Parse()

	r := newReport(os.Stdout, *strict)
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadString('\n') // lines have no bound: a test may print a megabyte
		if line != "" {
			r.line(line)
		}
		if err != nil {
			break
		}
	}
	r.finish()
	if *totals != "" {
		text := fmt.Sprintf("%d %d %d\n", r.passed, r.failed, len(r.skipped))
		if err := os.WriteFile(*totals, []byte(text), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, "report:", err)
			os.Exit(2)
		}
	}
	if !r.ok() {
		os.Exit(1)
	}
}
