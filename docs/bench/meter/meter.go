package meter

import "errors"

// Cost is what a process spent on one load.
type Cost struct {
	CPUSeconds float64 // user and system
	PeakMB     float64 // MiB in RAM at most
}

// Meter meters processes from its beginning. One goroutine uses it.
type Meter struct {
	pids map[string]int
	from map[string]float64 // CPU seconds at the beginning
}

// Begin begins to meter processes, by the names under which their costs will be told.
func Begin(pids map[string]int) (*Meter, error) {
	m := &Meter{pids: pids, from: make(map[string]float64)}
	for name, pid := range pids {
		cpu, err := CPU(pid)
		if err := errors.Join(err, ResetPeak(pid)); err != nil {
			return nil, err
		}
		m.from[name] = cpu
	}
	return m, nil
}

// Costs is what each process spent since Begin. A process that has ended is an error: it did not do the whole work.
func (m *Meter) Costs() (map[string]Cost, error) {
	costs := make(map[string]Cost)
	for name, pid := range m.pids {
		cpu, err := CPU(pid)
		peak, err2 := PeakMB(pid)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		costs[name] = Cost{CPUSeconds: cpu - m.from[name], PeakMB: peak}
	}
	return costs, nil
}
