// Package interop runs the real Python packages against this code, on one Redis: async-caches, both the newest release and the
// newest on PyPI, and redis-py, which sees what is really stored. The folder's setup script makes the Python environment.
//
// Where the documentation and the code of async-caches disagree, larder's contract says what larder does. The tests state both sides.
package interop
