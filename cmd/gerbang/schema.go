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
	return group("config", "About the configuration files", schema)
}
