//go:build !unix

package app

import "github.com/gerbang-iot/gerbang/web"

func shareOfFiles() int { return web.DefaultMaxConnections }
