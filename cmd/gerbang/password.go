package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

func passwordCommand(std streams) *cobra.Command {
	generate := true
	c := &cobra.Command{
		Use:   "password",
		Short: "Make a device's password and its hash for the configuration",
		Long: `Password prints a new random password for the device and the hash that goes into the configuration (password_hash).
With --generate=false it hashes a password from standard input; use that only for passwords that nobody can guess.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if generate {
				var b [18]byte
				_, _ = rand.Read(b[:]) // never fails
				password := base64.RawURLEncoding.EncodeToString(b[:])
				_, err := fmt.Fprintf(std.out, "password: %s\npassword_hash: %s\n", password, access.HashPassword(password))
				return err
			}
			line, _ := bufio.NewReader(std.in).ReadString('\n') // a missing end of line is fine
			line = strings.TrimRight(line, "\r\n")
			if len(line) < 12 {
				return &exitError{code: 2, err: errors.New("the password is shorter than 12 characters")}
			}
			_, err := fmt.Fprintf(std.out, "password_hash: %s\n", access.HashPassword(line))
			return err
		},
	}
	c.Flags().BoolVar(&generate, "generate", true, "make a random password")
	return c
}
