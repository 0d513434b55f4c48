package telemetry_test

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func ExampleParseQuantity() {
	q, err := telemetry.ParseQuantity("co2")
	fmt.Println(q, q.Unit(), err)
	_, err = telemetry.ParseQuantity("co3")
	fmt.Println(err != nil)
	// Output:
	// co2 ppm <nil>
	// true
}

// What no working sensor measures is no reading: it is refused with words.
func ExampleQuantity_Refuse() {
	fmt.Printf("%q\n", telemetry.Humidity.Refuse(55))
	fmt.Println(telemetry.Humidity.Refuse(140) != "")
	// Output:
	// ""
	// true
}
