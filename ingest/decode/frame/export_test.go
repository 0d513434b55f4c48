package frame

// LengthOf is how many bytes the fields of a row are.
func LengthOf(text string) int {
	r, err := parseRow(text)
	if err != nil {
		panic(err)
	}
	return sizeOf(r.fields) / 8
}
