package main

import (
	"fmt"
	"strings"
	"time"
)

// liars has something lie in InfluxDB's place, from the first answer on and once more in the middle. Nothing may be refused for
// good, no lie may pass for a success, and in the end every record has its point.
func liars(b *bench, rounds int) error {
	var server *liar
	return b.eachLife(rounds, func() (*life, error) {
		server = newLiar()
		return b.born("", fmt.Sprintf("influxdb: {url: %q, org: o, bucket: gerbang, token_file: token, timeout: 1s}\n", server.URL))
	}, func(l *life) error {
		defer server.Close()
		defer l.end() // before the server, which waits for its connections
		first, second := &lies[b.rounds%len(lies)], &lies[b.random.IntN(len(lies))]
		if err := l.liedTo(server, first, second); err != nil {
			return fmt.Errorf("%s, then %s: %w", first.name, second.name, err)
		}
		return nil
	})
}

func (l *life) liedTo(server *liar, first, second *lie) error {
	server.is(first)
	if err := l.serve(); err != nil {
		return err
	}
	l.publish()
	for _, told := range []*lie{first, nil, second} {
		server.is(told)
		if err := l.load.more(200, 30*time.Second); err != nil {
			return err
		}
		time.Sleep(time.Duration(1000+l.random.IntN(1500)) * time.Millisecond)
	}
	server.is(nil)
	l.load.end()
	if err := l.until(150*time.Second, "journal is in InfluxDB", func() bool {
		lag, ok := l.metric("gerbang_influx_lag_records")
		return ok && lag == "0"
	}); err != nil {
		return err
	}
	l.figure("lies told", server.told)
	if err := l.final(); err != nil {
		return err
	}
	return l.arrived(server)
}

// arrived compares the points with the records.
func (l *life) arrived(server *liar) error {
	db, err := openPlain(l.journal())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	switch n, err := count(db, "SELECT count(*) FROM refused"); {
	case err != nil:
		return err
	case n > 0:
		return fmt.Errorf("%d points are refused for good, and InfluxDB has refused none", n)
	}
	have, want := server.moments(), map[moment]int{}
	if err := each(db, 0, func(r *row) error {
		_, id, ok := r.message()
		if !ok {
			return nil
		}
		m := moment{"body_temperature", id.device, r.at / 1e6}
		if strings.Contains(string(r.body), `"people_in"`) {
			m.measurement = "people_flow"
		}
		want[m]++
		return nil
	}); err != nil {
		return err
	}
	missing, points := 0, 0
	for m, n := range want {
		missing += n - min(n, have[m])
		points += have[m]
		if have[m] > n {
			return fmt.Errorf("%d points of %v, and %d records", have[m], m, n)
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d of the records have no point", missing)
	}
	l.figure("points", points)
	return nil
}
