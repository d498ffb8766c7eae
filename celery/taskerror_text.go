package celery

import (
	"fmt"

	"github.com/larder-go/larder/celery/py"
)

// texts are the exceptions of Python whose str() is not that of their arguments, by module and class.
var texts = map[string]func(args []py.Value) (string, bool){
	"builtins.KeyError":                                       keyText,
	"builtins.UnicodeDecodeError":                             decodeText,
	"celery.utils.serialization.UnpickleableExceptionWrapper": wrapperText,
}

func init() {
	for _, class := range []string{
		"OSError", "IOError", "EnvironmentError", "BlockingIOError", "ChildProcessError", "ConnectionError", "BrokenPipeError",
		"ConnectionAbortedError", "ConnectionRefusedError", "ConnectionResetError", "FileExistsError", "FileNotFoundError",
		"InterruptedError", "IsADirectoryError", "NotADirectoryError", "PermissionError", "ProcessLookupError", "TimeoutError",
	} {
		texts[builtins+"."+class] = systemText
	}
}

// text is Python's str() of the exception.
func (e *TaskError) text() string {
	if special := texts[e.Module+"."+e.Type]; special != nil {
		if text, ok := special(e.Args); ok {
			return text
		}
	}
	switch len(e.Args) {
	case 0:
		return ""
	case 1:
		return str(e.Args[0])
	}
	return "(" + e.reprs(", ") + ")"
}

// keyText: a KeyError shows its key as repr().
func keyText(args []py.Value) (string, bool) {
	if len(args) != 1 {
		return "", false
	}
	return args[0].Repr(), true
}

// systemText: errno and text, perhaps a file name, and (behind an argument for Windows) a second one.
func systemText(args []py.Value) (string, bool) {
	if len(args) < 2 || len(args) > 5 {
		return "", false
	}
	text := fmt.Sprintf("[Errno %s] %s", str(args[0]), str(args[1]))
	if len(args) > 2 && !args[2].IsNone() {
		text += ": " + args[2].Repr()
		if len(args) > 4 && !args[4].IsNone() {
			text += " -> " + args[4].Repr()
		}
	}
	return text, true
}

// decodeText: codec, bytes, where it begins and ends, why.
func decodeText(args []py.Value) (string, bool) {
	if len(args) != 5 {
		return "", false
	}
	data, isBytes := plain(args[1]).([]byte)
	start, ok1 := plain(args[2]).(int64)
	end, ok2 := plain(args[3]).(int64)
	if !isBytes || !ok1 || !ok2 {
		return "", false
	}
	if end == start+1 && start >= 0 && start < int64(len(data)) {
		return fmt.Sprintf("'%s' codec can't decode byte 0x%02x in position %d: %s", str(args[0]), data[start], start, str(args[4])), true
	}
	return fmt.Sprintf("'%s' codec can't decode bytes in position %d-%d: %s", str(args[0]), start, end-1, str(args[4])), true
}

// wrapperText: what Celery stores for an exception that cannot be pickled carries its text as the last of four.
func wrapperText(args []py.Value) (string, bool) {
	if len(args) != 4 {
		return "", false
	}
	return str(args[3]), true
}
