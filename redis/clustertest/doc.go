// Package clustertest runs the suite of package drivertest against a Redis Cluster, beside the tests of package redis and not after them.
package clustertest
