module github.com/larder-go/larder/bench

go 1.26.0

replace github.com/larder-go/larder => ../

require (
	github.com/hashicorp/golang-lru/v2 v2.0.7
	github.com/larder-go/larder v0.0.0-00010101000000-000000000000
	github.com/maypok86/otter/v2 v2.4.0
	github.com/ulikunitz/xz v0.5.17
)

require github.com/klauspost/compress v1.20.3 // indirect
