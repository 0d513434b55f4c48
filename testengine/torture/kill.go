package main

import (
	"fmt"
	"time"
)

// killsALife is how often one gateway is killed before a new one begins: a journal that grows for ever only makes reading slow.
const killsALife = 25

// kills ends the gateway without warning at any moment under load, and at some starts too.
func kills(b *bench, rounds int) error {
	for b.rounds < rounds {
		l, err := b.fresh()
		if err != nil {
			return err
		}
		b.over(l, l.killed(rounds, min(killsALife, rounds-b.rounds)))
		if len(b.violations) > 3 {
			return fmt.Errorf("given up after %d violations", len(b.violations))
		}
	}
	return nil
}

func (l *life) killed(rounds, kills int) error {
	if err := l.serve(); err != nil {
		return err
	}
	l.publish()
	for range kills {
		if err := l.load.more(1, 30*time.Second); err != nil {
			return err
		}
		// The moment is what it is about.
		time.Sleep(time.Duration(l.random.IntN(400)) * time.Millisecond)
		l.kill()
		if err := l.whole(); err != nil {
			return fmt.Errorf("after kill %d: %w", l.rounds+1, err)
		}
		if l.random.IntN(5) == 0 { // before it has begun
			if err := l.start(); err != nil {
				return err
			}
			time.Sleep(time.Duration(l.random.IntN(250)) * time.Millisecond)
			l.kill()
			l.figure("killed while starting", 1)
		}
		if err := l.serve(); err != nil {
			return err
		}
		l.done(rounds)
	}
	return l.final()
}
