//go:build !unix

package main

import "github.com/gerbang-iot/gerbang/web"

func shareOfFiles() int { return web.DefaultMaxConnections }
