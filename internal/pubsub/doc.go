// Package pubsub hands messages to subscribers within a process, for engines that are a driver.Notifier: who subscribes to
// which channel, and a queue for each subscriber that a slow one cannot make grow without bound.
package pubsub
