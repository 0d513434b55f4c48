package meter

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine says on what was measured: processors, their model, memory, kernel, and the file system under dir, on which an fsync depends.
func Machine(dir string) string {
	about := []string{fmt.Sprintf("%d processors", runtime.NumCPU())}
	if model := valueIn("/proc/cpuinfo", "model name"); model != "" {
		about[0] += " (" + model + ")"
	}
	if memory := valueIn("/proc/meminfo", "MemTotal"); memory != "" {
		about = append(about, memory+" of memory")
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		about = append(about, "Linux "+strings.TrimSpace(string(release)))
	}
	return strings.Join(append(about, runtime.Version(), "data in "+dir+" on "+FileSystem(dir)), ", ")
}

// FileSystem is the type of the file system under a folder, "an unknown file system" where /proc does not tell.
func FileSystem(dir string) string {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "an unknown file system"
	}
	return fileSystemOf(string(text), dir)
}

// InMemory tells whether the file system keeps nothing on a disk, so that an fsync costs nothing there.
func InMemory(fileSystem string) bool { return fileSystem == "tmpfs" || fileSystem == "ramfs" }

// fileSystemOf finds the longest mount point above dir; of two at one place, the later covers the earlier.
func fileSystemOf(mounts, dir string) string {
	longest, kind := 0, "an unknown file system"
	for line := range strings.SplitSeq(mounts, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		point := strings.TrimSuffix(fields[1], "/") + "/"
		if len(point) >= longest && strings.HasPrefix(dir+"/", point) {
			longest, kind = len(point), fields[2]
		}
	}
	return kind
}

// valueIn is the first value that a file of /proc gives a name, "" if there is none.
func valueIn(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
