package decode

import "strings"

// like reports whether text fits a lower-case pattern in which * stands for anything.
func like(pattern string, text []byte) bool {
	rest := strings.ToLower(string(text))
	parts := strings.Split(pattern, "*")
	for i, part := range parts {
		switch at := strings.Index(rest, part); {
		case at < 0, i == 0 && at > 0:
			return false
		case i == len(parts)-1 && i > 0:
			return strings.HasSuffix(rest, part)
		default:
			rest = rest[at+len(part):]
		}
	}
	return rest == ""
}
