// Package conn stands between the engine and rueidis: a Link makes the client when it is first needed, a Dialer its connections, and a
// Client is one whose calls end with their contexts and cost nothing while there is no hope.
//
// rueidis connects in the middle of a call, has everybody wait for that, and gives up on a connection rather than on a server; why
// each part is as it is stands above it.
package conn
