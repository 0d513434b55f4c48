package rehearse

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// spelled writes the parameters of a rule as a protocol's file does: {every: 4h, grace: 15m}. What is zero is not asked, and left out.
func spelled(p rules.Params) string {
	v := reflect.Indirect(reflect.ValueOf(p))
	var all []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		field := v.Field(i)
		if name == "" || name == "-" || field.IsZero() || field.Kind() == reflect.Slice && field.Len() == 0 {
			continue
		}
		text := fmt.Sprint(field.Interface())
		switch x := field.Interface().(type) {
		case time.Duration:
			text = span(x)
		case string:
			text = strings.Join(strings.Fields(x), " ")
		default:
			if field.Kind() == reflect.Slice {
				text = "[" + strings.Join(strings.Fields(strings.Trim(text, "[]")), ", ") + "]"
			}
		}
		all = append(all, name+": "+text)
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// span is a duration without its zeros: 4h, 1h30m, 45s.
func span(d time.Duration) string {
	s := d.String()
	if d%time.Minute == 0 {
		s = strings.TrimSuffix(s, "0s")
	}
	if d%time.Hour == 0 {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
