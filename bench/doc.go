// Package bench measures larder beside the engines it stands on and the libraries that a program might use instead. It is
// a module of its own, so that none of them enters larder's go.mod. What is measured, on which machine, and the
// commands that repeat it: README.md. All of it in one go: ./run.
package bench
