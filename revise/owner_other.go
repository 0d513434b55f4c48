//go:build !unix

package revise

import (
	"io/fs"
	"os"
)

func owned(*os.File, fs.FileInfo) error { return nil }

func readOnly(error) bool { return false }

func busy(error) bool { return false }

// openFolder opens none: where these systems keep names nobody else can say when they are durable.
func openFolder(string) (*os.File, error) { return os.Open(os.DevNull) }

func syncFolder(*os.File) error { return nil }

func writableFolder(string) error { return nil }
