package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ownca"
)

func httpsCommand(std streams) *cobra.Command {
	var config, out string
	anew := false
	c := &cobra.Command{
		Use:   "https",
		Short: "Show the gateway's own authority for HTTPS, and its fingerprint, or make it",
		Long: `Https shows the authority that makes the certificate of the pages where http.certificate_for names what people type: for which names and
addresses it is, until when, its fingerprint, which people compare before they install it, and where the page is that helps them. The authority
is made where there is none; gerbang serve does that as well, and renews the certificate by itself.

It can vouch for these names and for nothing else. For others a new one is made with --new, and must be installed on every device again.
docs/https.md says which ways there are for a building without a domain.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path, err := findConfig(std, config)
			if err != nil {
				return err
			}
			cfg, _, err := loadServing(path)
			if err != nil {
				return unfit(err)
			}
			return showAuthority(std, cfg, anew, out)
		},
	}
	c.Flags().StringVar(&config, "config", "", "configuration file "+configUsage)
	c.Flags().BoolVar(&anew, "new", false, "make a new authority; the old one is kept under another name")
	c.Flags().StringVar(&out, "out", "", "also write the authority's certificate to this file, to be handed to devices")
	return c
}

func showAuthority(std streams, cfg *configs.Config, anew bool, out string) error {
	names, dir := cfg.HTTP.CertificateFor, app.AuthorityFolder(cfg)
	if len(names) == 0 {
		return hinted{errors.New("http.certificate_for names nothing that people type"), "write such as certificate_for: [gerbang.lan, 192.168.10.5] below http; docs/https.md says more"}
	}
	p := printer{w: std.out}
	cert, err := ownca.Read(dir)
	switch {
	case anew && !errors.Is(err, ownca.ErrNone): // one that cannot be read is put aside as well
		ending, err := ownca.PutAside(dir, time.Now())
		if err != nil {
			return err
		}
		p.line("the authority that was there is kept as %s*%s", dir+string(os.PathSeparator), ending)
		fallthrough
	case errors.Is(err, ownca.ErrNone):
		if cert, err = ownca.Make(dir, names, time.Now()); err != nil {
			return err
		}
		p.line("made an authority in %s", dir)
		if anew {
			p.line("start the gateway again, and install the new one on every device")
		}
	case err != nil:
		return err
	}
	if err := ownca.Covers(cert, names); err != nil {
		return hinted{err, "gerbang https --new makes one for these names, to be installed on every device again"}
	}
	p.line("for          %s", strings.Join(ownca.Names(cert), ", "))
	p.line("until        %s", cert.NotAfter.Format(time.DateOnly))
	p.line("fingerprint  %s", ownca.Fingerprint(cert))
	p.line("install it by %sca on each phone and computer; let people compare the fingerprint there with this one", strings.TrimSuffix(app.PageURL(cfg, cfg.HTTP.Listen), "/")+"/")
	if out != "" {
		if err := os.WriteFile(out, cert.Raw, 0o644); err != nil { //nolint:gosec // a certificate is for everybody
			return fmt.Errorf("writing the certificate: %w", err)
		}
		p.line("wrote        %s", out)
	}
	return p.err
}
