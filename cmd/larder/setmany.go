package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

type setManyCmd struct {
	Pairs []string `arg:"" optional:"" name:"key=json" help:"Keys with their values; the key ends at the first =. Without any, one JSON object is read from standard input."`
}

func (setManyCmd) Help() string {
	return `Prints nothing. Everything is checked before anything is stored.

Examples:

    larder set-many --ttl 1h a=1 b='{"x":[1,2]}'
    echo '{"a":1,"b":{"x":[1,2]}}' | larder set-many --ttl 1h`
}

// Run is called by kong.
func (cmd setManyCmd) Run(a *app) error {
	values, err := cmd.values(a)
	if err != nil {
		return fmt.Errorf("set-many: %w", err)
	}
	return a.use(func(c *client) error {
		if err := c.values.SetMany(a.ctx, values, a.ttl()...); err != nil {
			return err
		}
		a.answer("", "stored", len(values))
		return nil
	})
}

func (cmd setManyCmd) values(a *app) (map[string][]byte, error) {
	if len(cmd.Pairs) == 0 {
		data, err := readAll(a)
		if err != nil {
			return nil, err
		}
		return membersOf(data)
	}
	values := make(map[string][]byte, len(cmd.Pairs))
	for _, pair := range cmd.Pairs {
		key, text, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not KEY=JSON", pair)
		}
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("the key %q is given twice", key)
		}
		value, err := jsonArg(fmt.Sprintf("%q", key), text)
		if err != nil {
			return nil, err
		}
		values[key] = value
	}
	return values, nil
}

var errNoObject = errors.New("standard input is not a JSON object")

// membersOf takes a JSON object apart, values as they stand.
func membersOf(data []byte) (map[string][]byte, error) {
	data = bytes.Trim(data, jsonSpace)
	if err := checkJSON(data); err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	if data[0] != '{' {
		return nil, errNoObject
	}
	values := map[string][]byte{}
	return values, eachMember(data, func(name string, value []byte) error {
		if _, twice := values[name]; twice {
			return fmt.Errorf("the key %q is there twice", name)
		}
		values[name] = bytes.Clone(value)
		return nil
	})
}

// readAll reads standard input, until the end of it or of the run.
func readAll(a *app) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(a.stdin)
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-a.ctx.Done():
		return nil, a.ctx.Err()
	}
}

// eachMember calls fn for each member of an object, which is valid JSON, with the value's text.
func eachMember(object []byte, fn func(name string, value []byte) error) error {
	for i := skipSpace(object, 1); object[i] != '}'; {
		end := endOfString(object, i)
		name, err := textOf(object[i:end])
		if err != nil {
			return err
		}
		i = skipSpace(object, skipSpace(object, end)+1) // the colon
		end = endOfValue(object, i)
		if err := fn(name, object[i:end]); err != nil {
			return err
		}
		if i = skipSpace(object, end); object[i] == ',' {
			i = skipSpace(object, i+1)
		}
	}
	return nil
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && strings.IndexByte(jsonSpace, text[i]) >= 0 {
		i++
	}
	return i
}

// endOfValue returns where the value ends that begins at text[i], which is valid JSON.
func endOfValue(text []byte, i int) int {
	for depth := 0; ; {
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		default:
			for i++; i < len(text) && strings.IndexByte("\"{}[],: \t\r\n", text[i]) < 0; i++ {
				continue
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// textOf decodes a JSON string without losing anything: half a surrogate pair and bad UTF-8 are errors.
func textOf(quoted []byte) (string, error) {
	if bytes.IndexByte(quoted, '\\') >= 0 && halfPair(quoted) {
		return "", fmt.Errorf("%s has half a surrogate pair: no UTF-8 text", quoted)
	}
	if err := checkJSON(quoted); err != nil {
		return "", err
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err
}
