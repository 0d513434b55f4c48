package rules

import (
	"fmt"
	"strings"
)

// wholePast is every verdict that an engine has of the past, as it would say it now.
func wholePast(e *Engine) string {
	var b strings.Builder
	for _, i := range e.instances {
		last := answer{verdict: 9}
		for _, c := range i.past {
			if c.answer != last {
				fmt.Fprintf(&b, "%s %s %v %v %t\n", i.rule, i.subject, c.at.In(e.plan.loc).Format("02 15:04:05"), c.verdict, c.near)
				last = c.answer
			}
		}
	}
	return b.String()
}
