package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/configs"
)

func configCommand(std streams) *cobra.Command {
	schema := &cobra.Command{
		Use:   "schema [" + strings.Join(configs.DocumentKinds(), "|") + "]",
		Short: "Print a JSON Schema that an editor can use to complete and check YAML",
		Long: `Schema prints the JSON Schema of one kind of file. Editors with a YAML language server use it by a first line such as
# yaml-language-server: $schema=gerbang.schema.json`,
		Args: cobra.MaximumNArgs(1), ValidArgs: configs.DocumentKinds(),
		RunE: func(_ *cobra.Command, args []string) error {
			kind := configs.DocumentKinds()[0]
			if len(args) == 1 {
				kind = args[0]
			}
			schema, err := configs.Schema(kind)
			if err != nil {
				return hinted{err, "kinds of file: " + strings.Join(configs.DocumentKinds(), ", ")}
			}
			_, err = fmt.Fprintln(std.out, strings.TrimSpace(string(schema)))
			return err
		},
	}
	return group("config", "About the configuration files", schema, configProtocolCommand(std))
}

// configProtocolCommand prints a shipped protocol, so that somebody can begin with a copy of it.
func configProtocolCommand(std streams) *cobra.Command {
	names := configs.ShippedProtocols()
	return &cobra.Command{
		Use:   "protocol NAME",
		Short: "Print a protocol that comes with the gateway, to read it or to begin with a copy",
		Long: `Protocol prints the file of a protocol that comes with the gateway: ` + strings.Join(names, ", ") + `.
A copy that keeps the id takes its place; with an id of its own it stands beside it.`,
		Example: `  mkdir -p protocols
  gerbang config protocol clean-air > protocols/clean-air.yaml     # and protocols: protocols/ in gerbang.yaml`,
		Args: only("NAME"), ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := configs.ShippedProtocol(args[0])
			if err != nil {
				return &exitError{code: 2, err: hinted{err, "protocols: " + strings.Join(names, ", ")}}
			}
			_, err = std.out.Write(text)
			return err
		},
	}
}
