// Package broker sends tasks to Celery workers and receives them as one, by a Redis broker: the part of
// Celery that larder leaves out. It shows how little of it a Go program needs beside package celery, and how
// a chord's body is started by the Go worker whose part was the last. It is an example to take from, and no
// more: messages are acknowledged when they are received, and there are no delays, time limits, priorities or
// remote control. A program whose broker is RabbitMQ sends the same headers and body by AMQP.
//
// A message ([Message]) has the form of Celery's protocol 2. What is to be done when its task has ended comes
// with it as signatures ([Signature]): the next task of a chain, the body of a chord. [Worker] runs tasks
// that are written in Go.
package broker
