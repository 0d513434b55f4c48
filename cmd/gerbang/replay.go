package main

import "github.com/spf13/cobra"

func replayCommand(std streams) *cobra.Command { return &cobra.Command{Use: "replay"} }
