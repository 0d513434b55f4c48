package alerts

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/gerbang-iot/gerbang/rules"
)

// kept is an alert as the journal keeps it. The explanations are most of an alert, and of one that has just opened all three are the
// same: each is written once, so that the commit that people wait for is small.
type kept struct {
	*plain
	Raised   *rules.Explanation `json:"raised,omitempty"`
	Worst    *rules.Explanation `json:"worst,omitempty"`
	RaisedAs like               `json:"raised_as,omitempty"`
	WorstAs  like               `json:"worst_as,omitempty"`
}

// plain is an Alert without its methods.
type plain Alert

// like names the explanation that another one is the same as. Alerts from before both were kept have neither text nor name.
type like string

const (
	likeExplanation like = "explanation"
	likeRaised      like = "raised"
)

// Encode gives an alert as the journal keeps it; Decode reads it.
func Encode(a *Alert) ([]byte, error) {
	k := kept{plain: (*plain)(a)}
	switch {
	case reflect.ValueOf(a.Raised).IsZero():
	case reflect.DeepEqual(a.Raised, a.Explanation):
		k.RaisedAs = likeExplanation
	default:
		k.Raised = &a.Raised
	}
	switch {
	case reflect.ValueOf(a.Worst).IsZero():
	case reflect.DeepEqual(a.Worst, a.Explanation):
		k.WorstAs = likeExplanation
	case reflect.DeepEqual(a.Worst, a.Raised):
		k.WorstAs = likeRaised
	default:
		k.Worst = &a.Worst
	}
	text, err := json.Marshal(&k)
	if err != nil {
		return nil, fmt.Errorf("encoding an alert: %w", err)
	}
	return text, nil
}

// Decode reads what Encode has written, in this version or in one that wrote every explanation.
func Decode(text []byte, a *Alert) error {
	*a = Alert{}
	k := kept{plain: (*plain)(a)}
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("decoding an alert: %w", err)
	}
	if k.Raised != nil {
		a.Raised = *k.Raised
	}
	if k.Worst != nil {
		a.Worst = *k.Worst
	}
	for _, one := range []struct {
		as     like
		target *rules.Explanation
	}{{k.RaisedAs, &a.Raised}, {k.WorstAs, &a.Worst}} {
		switch one.as {
		case "":
		case likeExplanation:
			*one.target = a.Explanation
		case likeRaised:
			*one.target = a.Raised
		default:
			return fmt.Errorf("decoding an alert: an explanation like %q: want %s or %s", one.as, likeExplanation, likeRaised)
		}
	}
	return nil
}
