package wire

import (
	"strings"
	"testing"
)

// follow feeds an exchange in pieces of a length: requests first.
func follow(asked, answered string, piece int) error {
	var d dues
	out, in := requests{due: &d}, replies{due: &d}
	for p := asked; p != ""; {
		n := min(piece, len(p))
		out.write([]byte(p[:n]))
		p = p[n:]
	}
	for p := answered; p != ""; {
		n := min(piece, len(p))
		if err := in.read([]byte(p[:n])); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// crlf makes lines of words.
func crlf(text string) string { return strings.ReplaceAll(text, " ", "\r\n") + "\r\n" }

var (
	get         = crlf("*2 $3 GET $1 k")
	getMany     = strings.Repeat(get, 300)
	lineBreak   = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\n*1\r\n$4\r\nPING\r\n"
	subscribe   = crlf("*3 $9 SUBSCRIBE $1 a $1 b")
	unsubscribe = crlf("*2 $11 unsubscribe $1 a")
	ping        = crlf("*1 $4 PING")
	told        = crlf(">3 $9 subscribe $1 a :1") + crlf(">3 $9 subscribe $1 b :2")
	message     = crlf(">3 $7 message $1 a $1 x")
	toldOld     = crlf("*3 $9 subscribe $1 a :1") + crlf("*3 $9 subscribe $1 b :2")
	messageOld  = crlf("*3 $7 message $1 a $1 x")
	invalidate  = crlf(">2 $10 invalidate *1 $1 k")
)

func TestRepliesThatAreRight(t *testing.T) {
	for name, x := range map[string][2]string{
		"every kind": {strings.Repeat(get, 16), "+OK\r\n-ERR no\r\n:-5\r\n,1.5\r\n#t\r\n_\r\n(123\r\n$-1\r\n$0\r\n\r\n$3\r\nabc\r\n*-1\r\n*0\r\n" +
			"=7\r\ntxt:abc\r\n!5\r\nERR x\r\n~1\r\n:1\r\n%1\r\n+a\r\n:1\r\n"},
		"a string with line ends":  {get, "$6\r\na\r\nb\r\n\r\n"},
		"lists in lists":           {get, crlf("*3 *2 :1 *0 $-1 *1 *1 :1")},
		"many":                     {getMany, strings.Repeat("$1\r\nv\r\n", 300)},
		"a value like a command":   {lineBreak, "+OK\r\n"},
		"values":                   {get, crlf("*5 $20 twenty-bytes-of-text $-1 $0  $3 abc $20 twenty-bytes-of-text")},
		"values in lists":          {get, crlf("*2 *2 $3 abc $3 def *3 $3 abc $20 twenty-bytes-of-text :1")},
		"news":                     {get, invalidate + "$1\r\nv\r\n" + invalidate},
		"news in a list (Redis 6)": {crlf("*1 $4 EXEC"), "*2\r\n:1\r\n" + invalidate + ":2\r\n"},
		"subscriptions":            {subscribe + get, message + told + message + "$1\r\nv\r\n" + message},
		"subscriptions of RESP2":   {subscribe, toldOld + messageOld + messageOld},
		"a ping of RESP2":          {subscribe + ping, toldOld + messageOld + crlf("*2 $4 pong $-1")},
		"no subscription":          {subscribe + get, "-NOPERM\r\n$1\r\nv\r\n"},
		"unsubscribed":             {unsubscribe + ping, crlf(">3 $11 unsubscribe $1 a :0") + "+PONG\r\n"},
		"not unsubscribed":         {unsubscribe + ping, "-NOPERM\r\n+PONG\r\n"},
		"moved":                    {get, "-MOVED 1 127.0.0.1:1\r\n"},
	} {
		for _, piece := range []int{1, 2, 7, 1 << 20} {
			if err := follow(x[0], x[1], piece); err != nil {
				t.Errorf("%s, in pieces of %d: %v", name, piece, err)
			}
		}
	}
}

func TestRepliesThatAreWrong(t *testing.T) {
	for name, x := range map[string][2]string{
		"nobody asked":             {"", "+OK\r\n"},
		"one too many":             {get, "$1\r\nv\r\n$1\r\nv\r\n"},
		"garbage":                  {get, "HTTP/1.1 400 Bad Request\r\n\r\n"},
		"no line end":              {get, "+" + strings.Repeat("a", 70000)},
		"half a line end":          {get, "+OK\n"},
		"a length below zero":      {get, "$-5\r\n"},
		"a list below zero":        {get, "*-2\r\n"},
		"a map below zero":         {get, "%-1\r\n"},
		"a huge string":            {get, "$99999999999\r\n"},
		"a huge list":              {get, "*999999999\r\n"},
		"a length beyond 64 bits":  {get, "$99999999999999999999\r\n"},
		"no length":                {get, "$\r\n"},
		"a stream":                 {get, "$?\r\n"},
		"huge together":            {get, "*2\r\n" + strings.Repeat("*10000000\r\n", 2)},
		"lists without an end":     {get, strings.Repeat("*1\r\n", 100)},
		"no number":                {get, ":five\r\n"},
		"a value too many":         {get, crlf("*2 $3 abc $3 def $3 ghi")},
		"huge values together":     {get, "*1000\r\n" + strings.Repeat("*1000000\r\n$3\r\nabc\r\n", 17)},
		"moved nowhere":            {get, "-MOVED\r\n"},
		"asked nowhere":            {get, "-ASK 1\r\n"},
		"an attribute":             {get, crlf("|1 +a +b")},
		"told without asking":      {get, told},
		"told twice":               {subscribe, told + told},
		"subscribed with a string": {subscribe, "+QUEUED\r\n"},
	} {
		for _, piece := range []int{1, 1 << 20} {
			if err := follow(x[0], x[1], piece); err == nil {
				t.Errorf("%s, in pieces of %d: no error", name, piece)
			}
		}
	}
}

// FuzzReplies: nothing panics, the pieces do not matter, and little is kept.
func FuzzReplies(f *testing.F) {
	f.Add(told+message+invalidate+"$3\r\nabc\r\n", 3)
	f.Add(toldOld+messageOld+"*2\r\n:1\r\n%1\r\n+a\r\n$-1\r\n", 1)
	f.Fuzz(func(t *testing.T, answered string, piece int) {
		asked := subscribe + getMany
		whole := follow(asked, answered, len(answered)+1)
		if apart := follow(asked, answered, max(1, piece)); (whole == nil) != (apart == nil) {
			t.Errorf("as a whole: %v; in pieces of %d: %v", whole, piece, apart)
		}
	})
}

func BenchmarkReplies(b *testing.B) {
	var d dues
	out, in := requests{due: &d}, replies{due: &d}
	ask, answer := []byte(get), []byte("$100\r\n"+strings.Repeat("v", 100)+"\r\n")
	b.ReportAllocs()
	for b.Loop() {
		out.write(ask)
		if err := in.read(answer); err != nil {
			b.Fatal(err)
		}
	}
}
