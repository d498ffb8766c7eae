// Package wire is what lies between rueidis and the network: connections whose server is known to answer (Reach), on which every answer
// is looked at before rueidis sees it (Conn), and a bound for the calls that are under way on them (Flow).
//
// rueidis believes what a server says, waits for a caller's deadline only, and not at all for room in its queue: what
// is done about that is here and in package conn.
package wire
