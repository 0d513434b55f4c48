//go:build !linux

package main

import "errors"

func smallDisk(string) (scarce, string, error) {
	return nil, "", errors.New("small disks are made on Linux only")
}
