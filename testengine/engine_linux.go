package testengine

import (
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel kill the engine when the test process is killed, for example by the test time-out, which runs no
// clean-up.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
