package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// dataFolder is where a command about the journal finds it: --data, the configuration that --config names, or ./gerbang.yaml.
type dataFolder struct {
	data, config string
}

func (d *dataFolder) flags(c *cobra.Command) {
	c.Flags().StringVar(&d.data, "data", "", "data directory of the gateway (default: that of the configuration; without one ./data)")
	c.Flags().StringVar(&d.config, "config", "", "configuration file that names the data directory (default: ./"+ownConfig+" where it is there and --data is not given)")
}

// find gives the folder, and says which it is where --data has not.
func (d *dataFolder) find(std streams) (string, error) {
	if d.data != "" && d.config != "" {
		return "", &exitError{code: 2, err: errors.New("--data and --config both name the data directory, want one of them")}
	}
	if d.data != "" {
		return d.data, nil
	}
	found, config := "data", d.config
	if config == "" {
		own, err := ownConfigHere(std)
		if err != nil {
			return "", err
		}
		if own {
			config = ownConfig
		}
	}
	if config != "" {
		cfg, err := loadConfig(config)
		if err != nil {
			return "", hinted{err, "--data names the data directory without a configuration"}
		}
		found = cfg.Data
	}
	_, err := fmt.Fprintf(std.err, "data folder: %s\n", found)
	return found, err
}
