package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/driver"
)

// resultsCmd is the commands that look at what Celery's workers have stored. What they print is in
// resultsprint.go.
type resultsCmd struct {
	Config     string `placeholder:"FILE" help:"The application's settings under Celery's names, as JSON or YAML; its result_backend is used without --url."`
	Serializer string `placeholder:"NAME" help:"How results are written: json, yaml, msgpack or pickle. Default: the settings', or else json."`

	Get    resultsGetCmd    `cmd:"" help:"Print what is stored of a task."`
	Wait   resultsWaitCmd   `cmd:"" help:"Wait until tasks are done."`
	List   resultsListCmd   `cmd:"" help:"Print the tasks of which something is stored."`
	Tree   resultsTreeCmd   `cmd:"" help:"Draw what a task has started."`
	Group  resultsGroupCmd  `cmd:"" help:"Print the tasks of a saved group."`
	Chord  resultsChordCmd  `cmd:"" help:"Print how far a chord is, and what is missing."`
	Forget resultsForgetCmd `cmd:"" help:"Delete what is stored of tasks or groups."`
	Watch  resultsWatchCmd  `cmd:"" help:"Print results as they come."`
	Audit  resultsAuditCmd  `cmd:"" help:"Find what has no lifetime, cannot be read or is stuck."`
}

func (resultsCmd) Help() string {
	return `Looks at what the workers of a Celery application have stored, in Redis, Memcached or any engine of larder's. --url or
LARDER_URL is the application's result_backend, in Celery's form or larder's; --key-prefix is its global_keyprefix.

Examples:

    larder results list --state FAILURE --url redis://localhost/1
    larder results get 3f0a2f4e-6f4e-4c3b-9a5e-6d0d8a6f7c11 --config celery.yaml`
}

var (
	errNoResults    = errors.New("results: where are they? Give --url, --config or LARDER_URL")
	errNoKeyVersion = errors.New("results: their keys have no version: leave --key-version out")
)

// use opens the results, runs fn and closes them. verb is what fn does, on the command line.
func (cmd *resultsCmd) use(a *app, verb string, fn func(r *celery.Results) error) error {
	a.timeout, a.timeoutOf = time.Duration(a.Timeout), "--timeout"
	if a.timeout == 0 {
		a.timeout = defaultTimeout
	}
	cfg, err := cmd.settings(a)
	if err != nil {
		return untitled(err)
	}
	r, err := a.openResults(cfg)
	if err != nil {
		return untitled(err)
	}
	err = untitled(asked(verb, fn(r)))
	if closing := r.Close(); err == nil {
		err = untitled(closing)
	}
	return err
}

// settings are those of the configuration with what the flags say.
func (cmd *resultsCmd) settings(a *app) (cfg celery.Config, err error) {
	if a.KeyVersion != nil {
		return cfg, errNoKeyVersion
	}
	if cmd.Config != "" {
		if cfg, err = a.readSettings(cmd.Config); err != nil {
			return cfg, err
		}
	}
	switch {
	case a.URL != "":
		cfg.ResultBackend = a.URL
	case cfg.ResultBackend == "":
		cfg.ResultBackend = a.env("LARDER_URL")
	}
	if cfg.ResultBackend == "" {
		return cfg, errNoResults
	}
	if a.KeyPrefix != nil {
		cfg.ResultBackendTransportOptions.GlobalKeyPrefix = *a.KeyPrefix
	}
	if cmd.Serializer != "" {
		cfg.ResultSerializer, cfg.ResultAcceptContent = cmd.Serializer, []string{cmd.Serializer}
	}
	return cfg, nil
}

func (a *app) readSettings(name string) (celery.Config, error) {
	f, err := openWhile(a.ctx, func() (*os.File, error) { return os.Open(name) })
	if err != nil {
		return celery.Config{}, fmt.Errorf("results: --config: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	cfg, warnings, err := celery.ReadConfig(f)
	for _, w := range warnings {
		a.note(name + ": " + w.String())
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return cfg, err
}

// openResults connects. A database file that is not there counts as empty, and is not made.
func (a *app) openResults(cfg celery.Config) (*celery.Results, error) {
	url := cfg.ResultBackend
	u, err := driver.ParseURL(url)
	if err == nil && u.Scheme == "sqlite" {
		cfg.ResultBackend = a.adaptSQLite(url, u, mustExist)
	}
	r, err := a.connectResults(cfg)
	if isMissing(url, err) {
		a.note(strings.TrimPrefix(untitled(err).Error(), "sqlite: "))
		cfg.ResultBackend = nowhere
		r, err = a.connectResults(cfg)
	}
	if err == nil && u != nil && u.Scheme == "memory" && cfg.ResultBackend != nowhere {
		a.note("memory:// lasts only as long as this command")
	}
	return r, err
}

func (a *app) connectResults(cfg celery.Config) (r *celery.Results, err error) {
	err = a.call(func(ctx context.Context) error {
		r, err = celery.OpenConfig(ctx, cfg, celery.WithLogger(slog.New(noteHandler{a: a})))
		return err
	})
	return r, err
}

// call bounds one call to the engine.
func (a *app) call(fn func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(a.ctx, a.timeout)
	defer cancel()
	return fn(ctx)
}

// asked says in an error of the library what the command line calls what was done.
func asked(verb string, err error) error {
	if e := new(celery.Error); errors.As(err, &e) && e.Error() == err.Error() { // not inside of another
		return &celery.Error{Op: verb, Engine: e.Engine, ID: e.ID, Key: e.Key, Err: e.Err}
	}
	return err
}

// untitled leaves out of an error's text whose it is: it is told as larder's.
func untitled(err error) error {
	if err == nil || !strings.HasPrefix(err.Error(), "celery: ") {
		return err
	}
	return untitledError{err}
}

type untitledError struct{ error }

func (e untitledError) Error() string { return strings.TrimPrefix(e.error.Error(), "celery: ") }

func (e untitledError) Unwrap() error { return e.error }
