package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gerbang-iot/gerbang/configs"
)

// ownConfig is the file that a command reads where --config names none: that of the folder in which somebody works.
const ownConfig = "gerbang.yaml"

// exampleConfig is what --config says for the example inside the program. A file of that name is ./example.
const exampleConfig = "example"

// configUsage is the end of what --help says of --config.
const configUsage = "(default: ./" + ownConfig + "; " + exampleConfig + ": the one inside the program)"

// findConfig gives the file to read: the one that was named, or ./gerbang.yaml, which is told, as nobody named it. Where neither
// is there the error says how to get one: the example inside the program runs only for those who ask for it.
func findConfig(std streams, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	found, err := ownConfigHere(std)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", hinted{
			fmt.Errorf("there is no %s in this folder, and --config names no file", ownConfig),
			"gerbang init writes one; --config FILE names another; --config " + exampleConfig + " is the example inside the program",
		}
	}
	return ownConfig, nil
}

// findModels is findConfig for commands that want a configuration for its models and devices, and do without: then it is the example.
func findModels(std streams, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	found, err := ownConfigHere(std)
	if err != nil || !found {
		return exampleConfig, err
	}
	return ownConfig, nil
}

// ownConfigHere tells whether ./gerbang.yaml is there, and that it is read. One that is there and cannot be looked at is an error:
// whoever wrote it must not get something else.
func ownConfigHere(std streams) (bool, error) {
	_, err := os.Stat(ownConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("looking for the configuration: %w", err)
	}
	_, err = fmt.Fprintf(std.err, "gerbang reads ./%s\n", ownConfig)
	return err == nil, err
}

// loadConfig reads the configuration that findConfig or findModels gave.
func loadConfig(path string) (*configs.Config, error) {
	if path == exampleConfig {
		return configs.LoadDefault()
	}
	return configs.Load(path)
}

// loadServing reads the configuration for a gateway that serves, or the example inside the program.
func loadServing(path string) (*configs.Config, configs.Problems, error) {
	if path == exampleConfig {
		cfg, err := configs.LoadDefault()
		return cfg, nil, err
	}
	return configs.LoadServing(path)
}

// configName is what people call the configuration.
func configName(path string) string {
	if path == exampleConfig {
		return "the built-in example"
	}
	return path
}
