package load

import (
	"testing"
	"time"
)

func TestAlertsAreMatchedToTheirReadings(t *testing.T) {
	begun := time.Unix(100, 0)
	timer := &alertTimer{sentAt: make([]int64, 10), seen: map[int]bool{}}
	timer.alert([]byte(`{"seq":3}`), begun) // before the load began
	timer.begin(begun)
	timer.sentAt[3], timer.sentAt[7] = int64(time.Second), int64(2*time.Second)
	timer.alert([]byte(`{"rule":"fever","seq":3,"at":1}`), begun.Add(1010*time.Millisecond))
	timer.alert([]byte(`{"seq": 7}`), begun.Add(2005*time.Millisecond))
	timer.alert([]byte(`{"seq":7}`), begun.Add(3*time.Second))
	timer.alert([]byte(`{"seq":4}`), begun.Add(3*time.Second)) // not sent: of another load
	timer.alert([]byte(`{"seq":10}`), begun.Add(3*time.Second))
	timer.alert([]byte(`{"rule":"fever"}`), begun.Add(3*time.Second))
	if len(timer.latencies) != 2 || timer.latencies[0] != 10 || timer.latencies[1] != 5 || timer.twice != 1 {
		t.Errorf("latencies %v ms and %d twice, want [10 5] and 1", timer.latencies, timer.twice)
	}
}

func TestSeqOf(t *testing.T) {
	for _, test := range []struct {
		payload string
		want    int
		ok      bool
	}{
		{`{"seq":0}`, 0, true},
		{`{"a":1,"seq":  1234,"b":2}`, 1234, true},
		{`{"seq":12`, 12, true},
		{`{"seq":"12"}`, 0, false},
		{`{"seq":-1}`, 0, false},
		{`{"seq":99999999999999999999}`, 0, false},
		{`{"seq":`, 0, false},
		{``, 0, false},
	} {
		if got, ok := seqOf([]byte(test.payload)); got != test.want || ok != test.ok {
			t.Errorf("%s: got %d, %t, want %d, %t", test.payload, got, ok, test.want, test.ok)
		}
	}
}
