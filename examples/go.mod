module github.com/larder-go/larder/examples

go 1.26.0

replace github.com/larder-go/larder => ../

require github.com/larder-go/larder v0.0.0-00010101000000-000000000000

require (
	github.com/maypok86/otter/v2 v2.4.0 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
	github.com/redis/rueidis v1.0.79 // indirect
	github.com/tinylib/msgp v1.6.5 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
