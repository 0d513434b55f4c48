package journaltest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// A journal in memory that keeps the contract passes, whether the second writer is refused or takes over.
func TestWholeJournalPasses(t *testing.T) {
	for _, refuses := range []bool{false, true} {
		t.Run(fmt.Sprintf("refuses a second writer: %v", refuses), func(t *testing.T) {
			Run(t, func(testing.TB) Harness {
				return &harness{newDisk(map[string]bool{"refuses a second writer": refuses})}
			})
		})
	}
}

// Each way in which a journal may be broken turns the suite red, in the check that is about it.
func TestBrokenJournalsFail(t *testing.T) {
	for fault, name := range map[string]string{
		"loses the last batch":                  "what was committed survives a crash",
		"loses what people did":                 "every kind of record comes back as it was",
		"forgets counters":                      "a batch is one whole",
		"forgets stops":                         "a batch is one whole",
		"forgets flows":                         "what was committed survives an orderly end",
		"forgets that it ran":                   "a batch is one whole",
		"forgets alerts":                        "what was committed survives a crash",
		"owes for ever":                         "a batch is one whole",
		"reorders records":                      "records come in the order of their numbers",
		"mixes sites":                           "records come in the order of their numbers",
		"streams stutter":                       "the streams come in order, from any place",
		"forgets numbers of what is gone":       "retention deletes what is old and not needed",
		"gives a number twice":                  "a batch that is refused leaves nothing",
		"keeps what it refuses":                 "a batch that is refused leaves nothing",
		"shows what is prepared":                "what is prepared promises nothing",
		"takes the numbers of what is prepared": "what is prepared promises nothing",
		"forgets identities":                    "identities of the newest records are known",
		"forgets snapshots":                     "the newest snapshot of each site is kept",
		"forgets the cursor":                    "the cursor stays where it was moved",
		"drops refused points":                  "refused points are kept until they are stored",
		"keeps refused points twice":            "refused points are kept until they are stored",
		"deletes what is needed":                "retention waits for the cursor",
		"deletes what stands":                   "retention deletes what is old and not needed",
		"takes deleting for a loss":             "rejections are bounded",
		"takes late verdicts":                   "a start reads what stands",
		"lets two writers in":                   "one process writes",
		"takes more when it is closed":          "what is closed takes nothing",
		"goes on for nobody":                    "a caller that gives up is let go",
		"holds up commits":                      "whoever reads holds up nobody",
		"stores record by record":               "readers see whole batches while others are committed",
		"leaves half a batch":                   "a kill at any step leaves all of a batch or nothing",
		"says nothing of room":                  "no room is told, and passes",
		"knows the unknown":                     "an unknown outcome is told, and found out",
		"passes over losses":                    "a loss is named",
		"passes over changes":                   "a changed record is named",
		"forgets damage":                        "a changed record is named",
	} {
		t.Run(fault, func(t *testing.T) {
			for _, c := range checks {
				if c.name != name {
					continue
				}
				synctest.Test(t, func(t *testing.T) {
					if r := record(t, c, &harness{newDisk(map[string]bool{fault: true})}); len(r.said) == 0 {
						t.Errorf("a journal that %s passes %q", fault, name)
					} else {
						t.Logf("%.200s", r.said[0])
					}
				})
				return
			}
			t.Fatalf("there is no check %q", name)
		})
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	mu      sync.Mutex
	said    []string
	cleanup []func()
}

// record runs a check and keeps what it complains of.
func record(t *testing.T, c check, h Harness) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.run(r, h)
	}()
	<-done
	for _, do := range r.cleanup {
		do()
	}
	return r
}

func (r *recorder) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, strings.TrimSpace(text))
}

func (r *recorder) Helper()                      {}
func (r *recorder) Cleanup(do func())            { r.cleanup = append(r.cleanup, do) }
func (r *recorder) Error(args ...any)            { r.say(fmt.Sprintln(args...)) }
func (r *recorder) Errorf(f string, args ...any) { r.say(fmt.Sprintf(f, args...)) }
func (r *recorder) Fatal(args ...any)            { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(f string, args ...any) { r.Errorf(f, args...); runtime.Goexit() }
