package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

func passwordCommand(std streams) *cobra.Command {
	generate, asJSON := true, false
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
				return made{password, access.HashPassword(password)}.print(std, asJSON)
			}
			line, _ := bufio.NewReader(std.in).ReadString('\n') // a missing end of line is fine
			line = strings.TrimRight(line, "\r\n")
			if len(line) < 12 {
				return &exitError{code: 2, err: errors.New("the password is shorter than 12 characters")}
			}
			return made{Hash: access.HashPassword(line)}.print(std, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	c.Flags().BoolVar(&generate, "generate", true, "make a random password")
	return c
}

// made is a password and what the configuration has of it. Without Password it was given.
type made struct {
	Password string `json:"password,omitempty"`
	Hash     string `json:"password_hash"`
}

func (m made) print(std streams, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(m)
	}
	text := "password_hash: " + m.Hash + "\n"
	if m.Password != "" {
		text = "password: " + m.Password + "\n" + text
	}
	_, err := io.WriteString(std.out, text)
	return err
}
