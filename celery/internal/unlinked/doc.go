// Package unlinked has no code: its test is a program that links package celery and no engine.
package unlinked
