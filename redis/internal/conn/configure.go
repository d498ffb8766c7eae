package conn

import (
	"errors"
	"time"

	"github.com/redis/rueidis"
)

// Refresh is how often a group of servers is asked who is who.
const Refresh = 2 * time.Second

// sentinelBeat marks a dial as one to a sentinel: it is how often an idle connection is made sure of.
const sentinelBeat = 2 * time.Second

// busyDelay is how soon a read is tried again that a server has no time for.
const busyDelay = 20 * time.Millisecond

// Configure sets what a client's options say of how it connects, shares connections and repeats calls.
func (d *Dialer) Configure(o *rueidis.ClientOption) {
	o.DialCtxFn = d.dial
	// In a cluster, where nearly every call shares its connection with others: see Client.begin for the other case.
	o.AlwaysPipelining = !o.ForceSingleClient && o.Sentinel.MasterSet == ""
	o.PipelineMultiplex = -1 // one connection: more are slower on the machines that were measured
	o.BlockingPipeline = -1  // also for large batches: one of its own is waited for a second longer when its server is frozen
	o.RetryDelay = retryDelay
	o.ClusterOption = rueidis.ClusterOption{ShardsRefreshInterval: Refresh, MaxMovedRedirections: 16}
	o.Sentinel.TopologyRefreshInterval = Refresh
	o.Sentinel.Dialer.KeepAlive = sentinelBeat
}

// retryDelay lets a read be tried a second time, because a connection that has been idle may have been dead for long. Nothing
// that writes is ever repeated.
func retryDelay(attempts int, _ rueidis.Completed, err error) time.Duration {
	if refused := new(notConnected); attempts > 1 || errors.As(err, &refused) {
		return -1
	}
	if isReply(err) { // LOADING, CLUSTERDOWN, TRYAGAIN
		return busyDelay
	}
	return 0
}
