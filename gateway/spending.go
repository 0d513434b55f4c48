package gateway

import "time"

// spending is what a view costs, smoothed: the clock goes on while the machine does other things, and one view that was interrupted for
// a millisecond must not freeze the pages of a thousand sites for a minute.
type spending struct{ cost time.Duration }

const (
	spendingWeight = 16 // a sample counts one in so many
	spendingMost   = 4  // times what a view costs, as far as is known: more than that was not spent on it
	// publishLongest bounds the pause, however many sites there are: a page that is older is no live page.
	publishLongest = 10 * time.Second
)

// add notes how long a view took.
func (s *spending) add(took time.Duration) {
	if s.cost == 0 {
		s.cost = min(took, publishBudget)
		return
	}
	s.cost += (min(took, spendingMost*s.cost) - s.cost) / spendingWeight
}

// pause is how long a site waits for its next view, so that all sites together get their share.
func (s *spending) pause(sites int) time.Duration {
	return min(max(publishEvery, publishShare*s.cost*time.Duration(sites)), publishLongest)
}
