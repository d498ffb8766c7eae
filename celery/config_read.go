package celery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// maxConfig bounds what ReadConfig reads.
const maxConfig = 1 << 20

// ReadConfig reads the settings of a Celery application as people keep them: one JSON object or YAML mapping
// of names and values. Names are Celery's (result_backend), its old ones (CELERY_RESULT_BACKEND,
// CELERY_TASK_RESULT_EXPIRES), or in capitals behind CELERY_, as Django's users have them. Beside Celery's
// own there is compat: "5.2" or "5.6".
//
// Settings of Celery's that are not about results are passed over. A name that Celery does not have is a
// warning, and so is a setting that has no effect here. A value that the setting cannot have is an ErrConfig
// that names both; all of them are found. Values are read as Celery reads them: true may be "yes", a time in
// seconds may be "60"; beyond that, a time may be written as in Go, "36h".
func ReadConfig(r io.Reader) (Config, []Warning, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxConfig+1))
	if err != nil {
		return Config{}, nil, err
	}
	if len(text) > maxConfig {
		return Config{}, nil, fmt.Errorf("%w: more than %d bytes", ErrConfig, maxConfig)
	}
	document, err := parseDocument(text)
	if err != nil {
		return Config{}, nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	in := configReader{said: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(document)) {
		in.read(name, document[name])
	}
	in.finish()
	if err := errors.Join(in.errs...); err != nil {
		return Config{}, in.warnings, err
	}
	return in.cfg, in.warnings, nil
}

// parseDocument reads JSON, and what is not JSON as YAML: that takes most of JSON too, but not all of its strings.
func parseDocument(text []byte) (map[string]any, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	var document map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&document); err == nil && len(bytes.TrimSpace(text[d.InputOffset():])) == 0 {
		return document, nil
	}
	return parseYAML(text)
}

// parseYAML reads one mapping. The library refuses duplicate names, for which it compares each with each, and
// aliases that grow without measure.
func parseYAML(text []byte) (document map[string]any, err error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var root yaml.Node
	if err := d.Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("neither a JSON object nor a YAML mapping of names and values: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document")
	}
	if largest := largestNode(&root); largest > maxNames {
		return nil, fmt.Errorf("a list or mapping of %d items, more than %d", largest, maxNames)
	}
	if err := root.Decode(&document); err != nil && !root.IsZero() {
		return nil, fmt.Errorf("neither a JSON object nor a YAML mapping of names and values: %w", err)
	}
	return document, nil
}

// maxNames bounds a list, and names and values of a mapping together.
const maxNames = 10_000

// largestNode is how much the largest list or mapping has.
func largestNode(n *yaml.Node) int {
	largest := len(n.Content)
	for _, child := range n.Content {
		largest = max(largest, largestNode(child))
	}
	return largest
}

// configReader is a configuration that is being read.
type configReader struct {
	cfg      Config
	said     map[string]string // the name in the document, by the setting's
	accept   []string          // accept_content
	warnings []Warning
	errs     []error
}

func (in *configReader) warn(name, format string, args ...any) {
	in.warnings = append(in.warnings, Warning{name, fmt.Sprintf(format, args...)})
}

// read takes one setting.
func (in *configReader) read(name string, value any) {
	canonical := canonicalName(name)
	set, ours := setters[canonical]
	switch {
	case !ours && isElsewhere(canonical):
		return
	case !ours:
		in.warn(shortened(name), "%s", "Celery has no such setting"+suggestion(canonical))
		return
	}
	if first, twice := in.said[canonical]; twice {
		in.errs = append(in.errs, badSetting(name, "it is the same setting as %s", first))
		return
	}
	in.said[canonical] = name
	if err := set(in, value); err != nil {
		in.errs = append(in.errs, badSetting(name, "%s%v", show(canonical, value), err))
	}
}

// finish puts together what several settings say.
func (in *configReader) finish() {
	if in.cfg.ResultAcceptContent == nil {
		in.cfg.ResultAcceptContent = in.accept
	}
	if err := in.cfg.check(); err != nil && len(in.errs) == 0 {
		in.errs = append(in.errs, err)
	}
}

// show is a value as an error names it, unless it may hold a password.
func show(canonical string, value any) string {
	if slices.Contains(secretSettings, canonical) {
		return ""
	}
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Append(nil, value)
	}
	return shortened(string(text)) + " "
}
