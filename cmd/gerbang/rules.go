package main

import (
	"github.com/spf13/cobra"
)

// rulesCommand holds what a rule's author needs.
func rulesCommand(std streams) *cobra.Command {
	return group("rules", "Try rules: on scenarios, and on what a journal holds", rulesTestCommand(std), rulesExplainCommand(std), rulesBacktestCommand(std), rulesRehearseCommand(std))
}
