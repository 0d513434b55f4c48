package compliance

// Piece is an interval, or a part of one, in which the site was open all the time, or closed all the time.
type Piece struct {
	Interval
	Open bool
}

// Pieces cuts a measure's intervals where the site opens and closes: whoever adds up the seconds of the open ones by state gets its Times.
func (r *Report) Pieces(m *Measure) []Piece {
	var all []Piece
	o := 0
	for _, x := range m.Intervals {
		for at := x.From; at < x.Until; {
			for o < len(r.Open) && r.Open[o].Until <= at {
				o++
			}
			p := Piece{Interval: x}
			p.From = at
			if o < len(r.Open) {
				if p.Open = r.Open[o].From <= at; p.Open {
					p.Until = min(p.Until, r.Open[o].Until)
				} else {
					p.Until = min(p.Until, r.Open[o].From)
				}
			}
			all = append(all, p)
			at = p.Until
		}
	}
	return all
}
