package alerts_test

import (
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
)

// Other programs subscribe to these topics; docs/mqtt.md says what they are told.
func ExampleZoneTopic() {
	fmt.Println(alerts.ZoneTopic("mpp-gresik", "hall"))
	// Output: gerbang/v1/mpp-gresik/out/zone/hall
}

// Texts speaks in people's languages.
func ExampleTexts_Duration() {
	texts, _ := alerts.NewTexts()
	fmt.Println(texts.Duration("en", 90*time.Minute))
	fmt.Println(texts.Duration("id", 90*time.Minute))
	// Output:
	// 1 h 30 min
	// 1 jam 30 menit
}
