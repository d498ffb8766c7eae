package py_test

import (
	"fmt"
	"time"

	"github.com/larder-go/larder/celery/py"
)

func ExampleOf() {
	v, err := py.Of(map[string]any{"when": time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC), "raw": []byte{0xff}})
	if err != nil {
		panic(err)
	}
	fmt.Println(v)
	fmt.Printf("%s\n", v.JSON())
	// Output:
	// {'raw': b'\xff', 'when': datetime.datetime(2024, 2, 29, 12, 34, 56, tzinfo=datetime.timezone.utc)}
	// {"raw": {"__type__": "base64", "__value__": "/w=="}, "when": {"__type__": "datetime", "__value__": "2024-02-29T12:34:56+00:00"}}
}

func ExampleValue_Decode() {
	v, err := py.FromJSON([]byte(`{"total": 1180591620717411303424, "at": {"__type__": "date", "__value__": "2024-02-29"}}`))
	if err != nil {
		panic(err)
	}
	var order struct {
		Total any       `json:"total"`
		At    time.Time `json:"at"`
	}
	if err := v.Decode(&order); err != nil {
		panic(err)
	}
	fmt.Println(order.Total, order.At.Format(time.DateOnly))

	var wrong struct {
		Total int `json:"total"`
	}
	fmt.Println(v.Decode(&wrong))
	// Output:
	// 1180591620717411303424 2024-02-29
	// value does not fit: int 1180591620717411303424 into int at total
}
