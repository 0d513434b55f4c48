// Package meter reads what processes cost from Linux's /proc: CPU time and peak memory.
package meter

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticks is how many units of /proc's CPU times make a second: USER_HZ, 100 on every architecture that Go builds for.
const ticks = 100

// CPU is the processor time of a process so far, user and system, in seconds, to 10 ms.
func CPU(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
	}
	seconds, err := cpuOf(string(text))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
	}
	return seconds, nil
}

// PeakMB is the most memory (VmHWM, in MiB) that a process had in RAM since it began or since ResetPeak.
func PeakMB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the peak memory of process %d: %w", pid, err)
	}
	mb, err := peakOf(string(text))
	if err != nil {
		return 0, fmt.Errorf("reading the peak memory of process %d: %w", pid, err)
	}
	return mb, nil
}

// ResetPeak makes PeakMB begin anew, with what the process has now.
func ResetPeak(pid int) error {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		return fmt.Errorf("resetting the peak memory of process %d: %w", pid, err)
	}
	return nil
}

// cpuOf adds utime and stime of /proc/PID/stat. The name may contain spaces and brackets, so fields count from its last bracket.
func cpuOf(stat string) (float64, error) {
	const user, system = 11, 12
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) <= system {
		return 0, fmt.Errorf("%d fields after the name, expected more than %d", len(fields), system)
	}
	u, err := strconv.ParseFloat(fields[user], 64)
	k, err2 := strconv.ParseFloat(fields[system], 64)
	if err := errors.Join(err, err2); err != nil {
		return 0, err
	}
	return (u + k) / ticks, nil
}

func peakOf(status string) (float64, error) {
	for line := range strings.SplitSeq(status, "\n") {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kb / 1024, err
		}
	}
	return 0, errors.New("no line VmHWM: it has ended, or the kernel does not count")
}
