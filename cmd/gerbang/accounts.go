package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

func accountsCommand(std streams) *cobra.Command {
	c := group("accounts", "See who may sign in, and let somebody in who cannot", accountsListCommand(std), accountsLinkCommand(std))
	c.Long = `Accounts are made and changed on the pages, by an administrator. These commands are for whoever runs the machine: they see
who may sign in, and make a one-time link where nobody can any more. A gateway that runs goes on meanwhile.`
	return c
}

func accountsListCommand(std streams) *cobra.Command {
	var folder dataFolder
	asJSON := false
	c := &cobra.Command{
		Use:   "list",
		Short: "List accounts with their roles",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := folder.find(std)
			if err != nil {
				return err
			}
			all, factors, err := accountsOf(cmd.Context(), data)
			if err != nil {
				return err
			}
			rows := listed(all, factors)
			if asJSON {
				return json.NewEncoder(std.out).Encode(rows)
			}
			if len(all) == 0 {
				_, err := fmt.Fprintln(std.out, "Nobody has an account. gerbang serve prints a link that makes the administrator's, and so does: gerbang accounts link")
				return err
			}
			w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "NAME\tPERSON\tROLES\tSECOND FACTOR\tSTATE")
			for _, a := range rows {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Name, a.Display, strings.Join(a.Roles, "; "), cmp.Or(strings.Join(a.Factors, ", "), "none"), a.State)
			}
			return w.Flush()
		},
	}
	folder.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func accountsLinkCommand(std streams) *cobra.Command {
	var folder dataFolder
	reset := false
	c := &cobra.Command{
		Use:   "link [NAME]",
		Short: "Make a one-time link: for an account that needs a new password, or for a new administrator",
		Long: `Link prints a link that is good once, for half an hour. With a name, whoever opens it chooses a new password for that account; without
one, it makes a new account that administers the gateway. An account that has a second factor is asked for it all the same; where that is lost, for
instance with the telephone, --reset-factors takes all second factors of the account away when the link is followed. It is for whoever runs the machine: who may write into the data directory. The configuration says where the
pages are; with --data it is not read, and the link begins with the usual address, which gerbang demo has as well.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := accountsConfig(std, &folder)
			if err != nil {
				return err
			}
			name := ""
			if reset && len(args) == 0 {
				return hinted{errors.New("--reset-factors: whose second factors?"), "name the account: gerbang accounts link NAME --reset-factors"}
			}
			if _, err := os.Stat(filepath.Join(cfg.Data, sqlite.FileName)); errors.Is(err, fs.ErrNotExist) {
				return missingJournal(err, cfg.Data) // no gateway has been here that would know the link
			}
			if len(args) > 0 {
				name, _ = accounts.CleanName(args[0])
				all, _, err := accountsOf(cmd.Context(), cfg.Data)
				if err != nil {
					return err
				}
				found := false
				for _, a := range all {
					found = found || a.Name == name
				}
				if !found {
					return hinted{fmt.Errorf("there is no account %q", args[0]), "gerbang accounts list shows those that there are"}
				}
			}
			code, err := accounts.LeaveLink(app.LinkFile(cfg), name, reset, time.Now())
			if err != nil {
				return fmt.Errorf("leaving a link for the gateway: %w", err)
			}
			_, err = fmt.Fprintf(std.out, "Open this link within %v, while the gateway runs. It works once:\n  %s\n", accounts.LocalLife, app.LinkURL(app.PageURL(cfg, cfg.HTTP.Listen), code))
			return err
		},
	}
	folder.flags(c)
	c.Flags().BoolVar(&reset, "reset-factors", false, "the account loses its second factors, too")
	return c
}

// accountsConfig is the configuration of the gateway, or with --data alone the example's, moved to that folder.
func accountsConfig(std streams, folder *dataFolder) (*configs.Config, error) {
	if folder.data != "" {
		data, err := folder.find(std)
		if err != nil {
			return nil, err
		}
		return configs.Demo(data)
	}
	path, err := findConfig(std, folder.config)
	if err != nil {
		return nil, err
	}
	cfg, _, err := loadServing(path)
	if err != nil {
		return nil, unfit(err)
	}
	return cfg, nil
}

// accountsOf reads the accounts beside a gateway that may be running.
func accountsOf(ctx context.Context, data string) (_ []*accounts.Account, _ func(id string) accounts.Factors, err error) {
	j, err := openReader(ctx, data)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	k, err := accounts.New(ctx, accounts.Options{Store: j})
	if err != nil {
		return nil, nil, err
	}
	return k.Accounts(), k.Factors, nil
}

// listedAccount is an account as a list shows it: without anything secret.
type listedAccount struct {
	Name    string   `json:"name"`
	Display string   `json:"person"`
	Roles   []string `json:"roles"`
	Factors []string `json:"second_factors"`
	State   string   `json:"state"`
}

func listed(all []*accounts.Account, factors func(id string) accounts.Factors) []listedAccount {
	rows := make([]listedAccount, 0, len(all))
	for _, a := range all {
		row := listedAccount{Name: a.Name, Display: a.Display, Roles: []string{}, Factors: []string{}, State: "ok"}
		if f := factors(a.ID); f.Any() {
			if f.Codes {
				row.Factors = append(row.Factors, "codes")
			}
			if n := len(f.Passkeys); n == 1 {
				row.Factors = append(row.Factors, "passkey")
			} else if n > 1 {
				row.Factors = append(row.Factors, fmt.Sprint(n, " passkeys"))
			}
		}
		for _, p := range a.Posts {
			where := "all sites"
			if len(p.Sites) > 0 {
				where = strings.Join(p.Sites, ", ")
			}
			row.Roles = append(row.Roles, string(p.Role)+" ("+where+")")
		}
		switch {
		case a.Off:
			row.State = "off"
		case a.Hash == "":
			row.State = "no password yet"
		}
		rows = append(rows, row)
	}
	return rows
}
