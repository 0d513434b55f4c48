package app

// swaps are what a reload does at its end, when all that can fail is done.
type swaps []func()

// of takes the answer of a part that prepares.
func (s *swaps) of(swap func(), err error) error {
	if err == nil {
		*s = append(*s, swap)
	}
	return err
}

// run swaps, in the order in which it was prepared.
func (s swaps) run() {
	for _, swap := range s {
		swap()
	}
}
