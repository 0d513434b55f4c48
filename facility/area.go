package facility

import "strings"

// Within reports whether an area is another or lies in it: ID-JI/probolinggo lies in ID-JI and in ID. Empty areas are in none.
func Within(area, other string) bool {
	rest, ok := strings.CutPrefix(area, other)
	return ok && other != "" && (rest == "" || rest[0] == '-' || rest[0] == '/')
}
