package web

import (
	"fmt"
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
)

// Forty phones that show an alert one after another are one line; what others did in between stands in its place.
func TestManyPhonesAreOneStep(t *testing.T) {
	tongues, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	sc := &scene{tongue: tongues.byTag("en")}
	steps := []alertStep{{What: "Raised"}}
	for i := range 40 {
		steps = append(steps, alertStep{When: fmt.Sprint("10:", 15+i/30), What: "Shown", seen: alerts.Shown, who: fmt.Sprint("guard ", i%20)})
	}
	steps = append(steps, alertStep{What: "Opened by Siti", seen: alerts.Looked, who: "Siti"}, alertStep{What: "Taken"}, alertStep{What: "Shown to Budi", seen: alerts.Shown, who: "Budi"})
	got := fmt.Sprintf("%+v", sc.together(steps))
	var want string
	for _, s := range []alertStep{steps[0], {When: "10:15 to 10:16", What: "Shown 40 times", Text: "guard 0, guard 1, guard 2, guard 3, guard 4, guard 5 and 14 more", seen: alerts.Shown, who: "guard 0"},
		steps[41], steps[42], steps[43]} {
		want += fmt.Sprintf(" %+v", s)
	}
	if want = "[" + want[1:] + "]"; got != want {
		t.Errorf("told as\n%s\nwant\n%s", got, want)
	}
}
