package main

import "time"

// cuts resets the devices' connections in the middle of whatever they carry: what was on its way is sent again, and counts once.
func cuts(b *bench, rounds int) error {
	return b.eachLife(rounds, b.fresh, func(l *life) error {
		if err := l.serve(); err != nil {
			return err
		}
		l.publish()
		for range 10 {
			if err := l.load.more(1, 30*time.Second); err != nil {
				return err
			}
			time.Sleep(time.Duration(l.random.IntN(60)) * time.Millisecond)
			l.figure("connections cut", l.load.cut())
		}
		if err := l.load.more(100, 30*time.Second); err != nil {
			return err
		}
		return l.final()
	})
}
