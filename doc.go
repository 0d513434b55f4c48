// Package gerbang is the root of the gateway's module: it holds no code, only the tests that hold the repository together.
package gerbang
