package memcached

import (
	"crypto/tls"
	"log/slog"
	"time"
)

// Options says which servers to talk to, and how.
type Options struct {
	// Addresses are the servers, each "host", "host:port" or the path of a unix socket. A host without a port gets 11211. Their order
	// decides where keys are with some of the rules of Hash.
	Addresses []string
	// Weights, if not nil, has one for each server: how many keys it gets in proportion to the others. Only KetamaWeighted has them.
	Weights []int
	// Hash is the rule by which keys are placed on servers. "": Ketama.
	Hash Hash
	// OnDown says what becomes of the keys of a server that cannot be reached. "": Error.
	OnDown OnDown

	// User and Password are for servers that ask for them in the text protocol (memcached -Y).
	User, Password string
	// TLS, if not nil, is used for every connection.
	TLS *tls.Config

	// DialTimeout bounds one attempt to connect. 0: 1 second.
	DialTimeout time.Duration
	// Timeout bounds how long a server may be silent while an answer is due before its connection is given up, for calls whose
	// context has no deadline. 0: 3 seconds.
	Timeout time.Duration
	// VerbatimKeys makes every key its own name on the server, for programs that have to find what others wrote, or have others find what
	// they wrote, and nothing else. A key that memcached does not take (longer than 250 bytes, empty, with spaces or control characters)
	// is then driver.ErrBadKey, alone in its batch, and not stored under its digest. No name is left for leases: GetOrSet loads once in
	// each process. Programs without VerbatimKeys may share the servers.
	VerbatimKeys bool

	// Generations makes it possible to clear a prefix. The price: keys have other names on the servers, 24 bytes longer, which no other
	// program finds that does not say Generations too; those above 226 bytes are stored under their digest; every call asks for the
	// CAS of one more item; and what was cleared takes memory until it is evicted or expires. A server that forgets that item, because
	// it was restarted or is short of memory, has forgotten all keys. It excludes VerbatimKeys.
	Generations bool

	// Lazy puts off connecting to the first call.
	Lazy bool
	// Logger is told what a person has to know. nil: slog.Default().
	Logger *slog.Logger
}

// Hash is a rule by which keys are placed on servers.
type Hash string

// The rules. Programs that share servers have to use the same one, with the same servers in the same order.
const (
	// Ketama is that of pylibmc with the behaviour ketama: 100 points on a circle for each server. A server that is added or removed
	// moves only its own share of the keys.
	Ketama Hash = "ketama"
	// KetamaWeighted is that of pylibmc with ketama_weighted, and the only one with weights.
	KetamaWeighted Hash = "ketama_weighted"
	// Modula is that of pylibmc without a behaviour, so also Celery's: the key's hash modulo the number of servers.
	Modula Hash = "modula"
	// PythonMemcached is that of python-memcached since 1.60, and of what Django and Celery do with it.
	PythonMemcached Hash = "python-memcached"
	// CRC is that of pylibmc with hash=crc.
	CRC Hash = "crc"
	// MD5, Murmur and those called FNV are those of pylibmc with the behaviour hash of that name.
	MD5      Hash = "md5"
	FNV1x32  Hash = "fnv1_32"
	FNV1ax32 Hash = "fnv1a_32"
	FNV1x64  Hash = "fnv1_64"
	FNV1ax64 Hash = "fnv1a_64"
	Murmur   Hash = "murmur"
	// Jump is a jump hash over FNV-1a. No client of Python's has it. A server may be added at the end only.
	Jump Hash = "jump"
)

// OnDown is what becomes of the keys of a server that cannot be reached.
type OnDown string

// The ways. None of them moves keys silently but Rehash.
const (
	// Error makes every call on one of its keys fail.
	Error OnDown = "error"
	// MissOnDown makes its keys absent for reads. Writes fail.
	MissOnDown OnDown = "miss"
	// Rehash is python-memcached's rule, for PythonMemcached only: the keys go to another server. When the server is back it serves
	// what it had before, which may be older than what was written meanwhile, or deleted.
	Rehash OnDown = "rehash"
)
