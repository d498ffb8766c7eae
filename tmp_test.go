package larder
import ("testing";"time";"fmt";"context"
"github.com/maypok86/otter/v2")
type box struct{ A int; S string }
func BenchmarkOtter(b *testing.B){
 c:=otter.Must(&otter.Options[string,box]{MaximumSize:100000, ExpiryCalculator: otter.ExpiryWriting[string,box](time.Hour)})
 keys:=make([]string,1024); for i:=range keys{ keys[i]=fmt.Sprintf("shop:1:user:%012d",i); c.Set(keys[i],box{i,"x"})}
 b.ReportAllocs(); i:=0
 for b.Loop(){ v,ok:=c.GetIfPresent(keys[i&1023]); i++; if !ok||v.A<0 {b.Fatal()} }
}
func BenchmarkView(b *testing.B){
 ctx,cancel:=context.WithCancel(context.Background()); defer cancel()
 c,err:=Open(ctx,"memory://?key_prefix=shop&version=1&ttl=1h"); if err!=nil {b.Fatal(err)}
 v:=Of[box](c,"user:")
 keys:=make([]string,1024); for i:=range keys{ keys[i]=fmt.Sprintf("%012d",i); v.Set(ctx,keys[i],box{i,"x"})}
 b.Run("hit",func(b *testing.B){
 b.ReportAllocs(); i:=0
 for b.Loop(){ v,err:=v.Get(ctx,keys[i&1023]); i++; if err!=nil||v.A<0 {b.Fatal()} }})
 b.Run("miss",func(b *testing.B){
 b.ReportAllocs(); i:=0
 for b.Loop(){ _,err:=v.Get(ctx,"nope"); i++; if err!=ErrMiss {b.Fatal()} }})
 b.Run("getorset",func(b *testing.B){
 b.ReportAllocs(); i:=0
 for b.Loop(){ v,err:=v.GetOrSet(ctx,keys[i&1023],func(ctx context.Context)(box,error){return box{i,"y"},nil}, TTL(time.Hour)); i++; if err!=nil||v.A<0 {b.Fatal()} }})
}
