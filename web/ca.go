package web

import (
	"net/http"
	"time"

	"github.com/gerbang-iot/gerbang/ownca"
)

// caFile is the authority's certificate, as devices take it.
const caFile = "/ca/gerbang.crt"

// caPage helps to install the gateway's own authority on a device.
type caPage struct {
	frame
	Names       []string // that it may vouch for
	Fingerprint string
	Until       string
	File        string
	Abilities   abilities
}

// ca shows it: to everybody, for whoever installs it cannot sign in yet without clicking a warning away.
func (s *Server) ca(w http.ResponseWriter, r *http.Request) error {
	cert := s.opts.OwnCA
	if cert == nil {
		return errNoPage
	}
	lang := s.tongues.choose(r)
	return s.render(w, http.StatusOK, lang, "ca", caPage{
		frame: s.frame(r, lang, lang.T("ca.title")), Names: ownca.Names(cert), Fingerprint: ownca.Fingerprint(cert), Until: lang.Date(cert.NotAfter.In(time.UTC)),
		File: caFile, Abilities: s.abilitiesOf(r),
	})
}

// caCertificate gives the certificate, in the form that Android, iOS and Windows open.
func (s *Server) caCertificate(w http.ResponseWriter, _ *http.Request) error {
	if s.opts.OwnCA == nil {
		return errNoPage
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", `attachment; filename="gerbang.crt"`)
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(s.opts.OwnCA.Raw) // the reader may go away
	return nil
}
