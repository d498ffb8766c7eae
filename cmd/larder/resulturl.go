package main

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/larder-go/larder/celery"
)

// resultKey is in every key of Celery's results, behind a global_keyprefix if there is one.
var resultKey = regexp.MustCompile(`celery-task-meta-|celery-taskset-meta-|chord-unlock-`)

// isResult tells keys of Celery's results from those of other programs.
func isResult(key string) bool { return resultKey.MatchString(key) }

// hintAtResults adds to the error for a URL which larder does not understand that it is one of Celery's, if it is.
func hintAtResults(url string, err error) error {
	text := err.Error()
	if (strings.Contains(text, "unknown scheme ") || strings.Contains(text, "unknown parameter ")) && isResultBackend(url) {
		return fmt.Errorf("%w (it is a result_backend of Celery's, which larder results understands)", err)
	}
	return err
}

// lazyParam is what a URL says of connecting.
var lazyParam = regexp.MustCompile(`([?&])lazy=[^&]*`)

// isResultBackend tells whether package celery understands a URL, by opening it, lazily: nothing is connected to.
func isResultBackend(url string) bool {
	lazily := lazyParam.ReplaceAllString(url, "${1}lazy=true")
	switch {
	case lazyParam.MatchString(url):
	case strings.Contains(url, "?"):
		lazily += "&lazy=true"
	default:
		lazily += "?lazy=true"
	}
	r, err := celery.Open(context.Background(), lazily, celery.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return false
	}
	return r.Close() == nil
}
