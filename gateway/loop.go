package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// LoopOptions are what a Loop needs beside its Gateway.
type LoopOptions struct {
	Gateway *Gateway
	// Committed is called after every commit, on the loop's goroutine: it must not block. The batch is valid during the call
	// only, except its records.
	Committed func(*journal.Batch)
	// Stuck takes the alert about a journal that refuses commits, before it can be stored: people must hear of it now.
	// Called on the loop's goroutine: it must not block.
	Stuck func([]alerts.Change)
	// Show takes the state of the displays at zones when it changed, on the loop's goroutine: it must not block.
	Show   func([]alerts.Signal)
	Live   *Live
	Logger *slog.Logger
	Now    func() time.Time // the wall clock; nil: time.Now
	// Elapsed is the time that has passed since any fixed moment, whatever the wall clock does; nil: by the machine's monotonic
	// clock.
	Elapsed func() time.Duration
	// QueueMessages and QueueBytes bound the intake; 0: 16,384 messages, 32 MiB.
	QueueMessages, QueueBytes int
	// Linger is how long a commit waits for company, unless an alert is in it or a person waits for it; 0: not at all.
	Linger time.Duration
}

// Loop drives a Gateway with real messages and the real clock. Its methods are safe for concurrent use.
type Loop struct {
	gw        *Gateway
	committed func(*journal.Batch)
	show      func([]alerts.Signal)
	stuck     func([]alerts.Change)
	live      *Live
	log       *slog.Logger
	clock     *clock
	trouble   string            // with the wall clock, as it was told
	setFor    time.Duration     // elapsed, until which people are told that the clock was set; 0: they are not
	looked    telemetry.Instant // when the loop last looked at the clock

	intake   *queue
	commands chan command
	stopped  chan struct{} // closed when Run returns
	pace     pace
	messages []ingest.Message
	at       int       // the next of them
	taken    int       // messages in the open batch
	acks     []func()  // called after the commit
	waiting  []command // answered after the commit
	doing    command   // the one that is being done
	shown    bool      // what the journal gave back is published
	stops    uint64    // of the gateway, as published
	health   atomic.Pointer[Health]
	present  atomic.Int64     // what the clock showed last
	refusal  alerts.FaultName // why the journal refused the commit before, as people were told; empty: it did not
	displays *alerts.Displays
	// refusedAt is since when the journal refuses commits, judged how many records of the batch are published all the same.
	refusedAt telemetry.Instant
	judged    int
}

// NewLoop makes a loop; Run starts it.
func NewLoop(o LoopOptions) *Loop {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Elapsed == nil {
		start := time.Now()
		o.Elapsed = func() time.Duration { return time.Since(start) }
	}
	if o.QueueMessages == 0 {
		o.QueueMessages = 16_384
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 32 << 20
	}
	if o.Committed == nil {
		o.Committed = func(*journal.Batch) {}
	}
	if o.Show == nil {
		o.Show = func([]alerts.Signal) {}
	}
	if o.Stuck == nil {
		o.Stuck = func([]alerts.Change) {}
	}
	l := &Loop{
		gw: o.Gateway, committed: o.Committed, show: o.Show, stuck: o.Stuck, displays: alerts.NewDisplays(), live: o.Live, log: o.Logger.With("component", "gateway"), clock: newClock(o.Now, o.Elapsed, o.Gateway.Used()),
		intake: newQueue(o.QueueMessages, o.QueueBytes), commands: make(chan command, 64), pace: pace{linger: o.Linger},
		stopped: make(chan struct{}),
	}
	l.tellHealth()
	return l
}

// Publish publishes what the journal gave back, before Run is called: whoever asks a page before the loop runs is answered as well. That a
// site is not there would be taken as a last word, also by a phone that has something to enter.
func (l *Loop) Publish() { l.publishRecovered() }

// Intake is where the front doors put messages.
func (l *Loop) Intake() ingest.Intake { return l.intake }

// Waiting is how many messages wait in the intake, and since when the oldest of them, by the time of its receipt; 0: none does.
func (l *Loop) Waiting() (messages int, oldest telemetry.Instant) { return l.intake.waiting() }

// Run works until ctx ends: then it takes no more messages, commits what waits, and returns. Front doors must have stopped
// putting by then, or they get ErrStopping. It returns an error only when it cannot go on: the process must then end and
// recover.
func (l *Loop) Run(ctx context.Context) error {
	defer close(l.stopped)
	defer l.intake.close()
	watch := watchman{guard: &l.gw.guard, patience: l.gw.patience}
	tick := time.NewTicker(l.gw.patience / 8)
	defer tick.Stop()
	ended := make(chan error, 1)
	go func() { ended <- l.work(ctx) }()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
			// The goroutine that waits for an engine that does not come back is left behind, and another one goes on.
			if site, record, hung := watch.hung(); hung {
				l.gw.abandon(site, record)
				go func() {
					if err := l.goOn(ctx); err != nil {
						ended <- err
						return
					}
					ended <- l.work(ctx)
				}()
			}
		}
	}
}

// goOn finishes what a goroutine that was left behind had begun.
func (l *Loop) goOn(ctx context.Context) error {
	// What was taken is committed, whatever ctx says; only a journal that refuses commits does not keep it from ending.
	work := context.WithoutCancel(ctx)
	if err := l.gw.settle(work); err != nil {
		return err
	}
	l.publishRecovered()
	if c := l.doing; c.do != nil {
		if err := l.run(work, c); err != nil {
			return err
		}
	}
	return l.step(work, ctx.Done())
}

// publishRecovered publishes what the journal gave back, all sites at once and before anything else is published.
func (l *Loop) publishRecovered() {
	if !l.shown {
		l.live.recovered(l.gw, l.clock.now())
		l.shown = true
	}
}

// work is the loop itself.
func (l *Loop) work(ctx context.Context) error {
	l.publishRecovered()
	deadline := time.NewTimer(0)
	defer deadline.Stop()
	for {
		stopping := false
		select {
		case <-l.intake.wake:
		case c := <-l.commands:
			if err := l.run(ctx, c); err != nil {
				return err
			}
		case <-deadline.C:
		case <-l.live.wanted:
			l.display(l.live.serve(l.gw))
		case <-ctx.Done():
			stopping = true
			l.intake.close()
			l.gw.aliveAt = 0 // the journal is told until when it ran
			if err := l.gw.tellAlike(context.WithoutCancel(ctx), l.clock.now(), true); err != nil {
				return err
			}
		}
		// From here on the work is finished whatever ctx says: what was taken is committed.
		if err := l.step(context.WithoutCancel(ctx), ctx.Done()); err != nil {
			return err
		}
		if stopping && l.intake.len() == 0 {
			return nil
		}
		deadline.Reset(l.untilDue())
	}
}

// collect judges messages as they come, until a commit is due.
func (l *Loop) collect(ctx context.Context) error {
	begin := time.Now()
	enough := time.NewTimer(idle)
	defer enough.Stop()
	for {
		fresh, err := l.accept(ctx)
		if err != nil {
			return err
		}
		// Alerts, and people who have entered something, do not wait for company.
		if l.gw.Urgent() || len(l.waiting) > 0 || !l.pace.waits(fresh, l.taken, time.Since(begin)) {
			return nil
		}
		if l.pace.sliced() {
			time.Sleep(lingerSlice)
			continue
		}
		l.gw.prepare() // while there is time: an alert that comes next finds a small commit
		enough.Reset(l.pace.until() - time.Since(begin))
		select {
		case <-l.intake.wake:
		case c := <-l.commands:
			if err := l.run(ctx, c); err != nil {
				return err
			}
		case <-enough.C:
		}
	}
}

// accept takes everything that waits into the batch and tells how much that was.
func (l *Loop) accept(ctx context.Context) (int, error) {
	if l.at == len(l.messages) {
		l.messages, l.at = l.intake.take(l.messages), 0
		l.taken += len(l.messages)
	}
	now := l.clock.now()
	if l.gw.message.open { // of a goroutine that was left behind
		if err := l.gw.take(ctx); err != nil {
			return 0, err
		}
	}
	for l.at < len(l.messages) {
		m := &l.messages[l.at]
		l.at++
		if m.Ack != nil {
			l.acks = append(l.acks, m.Ack)
		}
		m.Received = l.clock.received(m.Received, now)
		if err := l.gw.Accept(ctx, m); err != nil {
			return 0, err
		}
	}
	n := len(l.messages)
	clear(l.messages)
	return n, nil
}

// step takes everything that waits through one commit.
func (l *Loop) step(ctx context.Context, stop <-chan struct{}) error {
	if err := l.watchClock(ctx); err != nil {
		return err
	}
	if err := l.listenAgain(ctx); err != nil {
		return err
	}
	l.accepted()
	if err := l.collect(ctx); err != nil {
		return err
	}
	now := l.clock.now()
	l.pace.observe(l.taken, now.Time())
	for more := true; more; {
		select {
		case c := <-l.commands:
			if err := l.run(ctx, c); err != nil {
				return err
			}
		default:
			more = false
		}
	}
	if err := l.gw.Advance(ctx, now); err != nil {
		return err
	}
	begin := time.Now()
	batch, err := l.commit(ctx, now, stop)
	if took := time.Since(begin); took > slowCommit {
		l.log.Warn("a commit took long", "took", took.Round(time.Millisecond), "messages", l.taken)
	}
	if err != nil {
		for _, c := range l.waiting {
			c.done <- err
		}
		return err
	}
	if l.gw.stops.Load() != l.stops {
		l.tellHealth() // before anybody is answered who would ask
	}
	l.handOn(batch)
	for _, ack := range l.acks {
		ack()
	}
	clear(l.acks)
	l.acks, l.taken = l.acks[:0], 0
	for _, c := range l.waiting {
		c.done <- nil
	}
	l.waiting = l.waiting[:0]
	if batch != nil {
		l.live.committed(batch, l.gw)
		l.gw.Begin()
	}
	l.display(l.live.publish(l.gw, now))
	return nil
}

// handOn gives a durable batch to everybody behind the loop. Alerts go before everything else that the commit was waited for: whoever
// sends them runs at once, in the loop's place, instead of when another processor has woken up.
func (l *Loop) handOn(batch *journal.Batch) {
	if batch == nil {
		return
	}
	l.committed(batch)
	if len(batch.Signals) > 0 {
		runtime.Gosched()
	}
}

// display shows the displays of a building what its pages show, always the same.
func (l *Loop) display(views []rules.View) {
	var shown []alerts.Signal
	for i := range views {
		shown = l.displays.Signals(&views[i], shown)
	}
	l.show(shown)
}

// slowCommit is how long a commit may take before it is worth a line in the log.
const slowCommit = 500 * time.Millisecond

// firstPause is how long the loop waits after the first refusal.
const firstPause = 10 * time.Millisecond

// commit repeats a commit that failed cleanly, with growing pauses, for as long as it takes: the messages are not
// acknowledged, the intake fills, and devices and brokers keep what they have. Pages and alerts live on. It gives up when the
// outcome is unknown, when another process writes the journal, or when the process is asked to stop.
func (l *Loop) commit(ctx context.Context, now telemetry.Instant, stop <-chan struct{}) (*journal.Batch, error) {
	for pause := firstPause; ; pause = min(2*pause, 5*time.Second) {
		batch, err := l.gw.Commit(ctx, now)
		l.live.journal(err)
		if err == nil {
			if pause > firstPause {
				l.log.Info("the journal accepts commits again")
			}
			return batch, nil
		}
		if journal.Fatal(err) {
			return nil, fmt.Errorf("the journal cannot be trusted until it is recovered: %w", err)
		}
		l.refused(err)
		if err := l.meanwhile(ctx, pause+rand.N(pause), stop, err); err != nil {
			return nil, err
		}
	}
}

// idle bounds how long the loop sleeps: views, snapshots and the clock want to be looked at.
const idle = 250 * time.Millisecond

func (l *Loop) untilDue() time.Duration {
	longest := idle
	if l.live.pending() {
		longest = openEvery
	}
	due := l.gw.Due()
	if due == telemetry.Never {
		return longest
	}
	return min(max(due.Sub(l.clock.now()), 0), longest)
}
