package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"rsc.io/qr"
)

// codesPage is a sheet to print, cut up and put on the walls: a code for each duty that opens its page on a phone.
type codesPage struct {
	frame
	Site, SiteName string
	Codes          []codeCard
	Trouble        string // what is wrong with the address in the codes; empty: nothing is
}

type codeCard struct {
	Name, Place, Address string
	Code                 codeDrawing
}

// codeDrawing is a QR code as a drawing of squares of one unit, with the margin that readers need.
type codeDrawing struct {
	Size int
	Path string
}

// quietZone is how many squares around a code must be empty.
const quietZone = 4

// drawCode makes a QR code of a text. A sheet on a wall gets wet and torn: a quarter of it may be lost.
func drawCode(text string) (codeDrawing, error) {
	c, err := qr.Encode(text, qr.Q)
	if err != nil {
		return codeDrawing{}, fmt.Errorf("drawing a code of %d bytes: %w", len(text), err)
	}
	var path strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			if !c.Black(x, y) {
				continue
			}
			n := 1
			for x+n < c.Size && c.Black(x+n, y) {
				n++
			}
			_, _ = fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quietZone, y+quietZone, n, n)
			x += n
		}
	}
	return codeDrawing{Size: c.Size + 2*quietZone, Path: path.String()}, nil
}

// codes shows the sheet.
func (s *Server) codes(w http.ResponseWriter, r *http.Request) error {
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok {
		return errNoPage
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := codesPage{frame: s.frame(r, lang, lang.T("codes.title", "Site", v.Name)), Site: v.Site, SiteName: v.Name}
	origin := s.origin(r)
	if u, err := url.Parse(origin); err == nil && onlyHere(u.Hostname()) {
		p.Trouble = lang.T("codes.local", "Address", origin)
	}
	for i := range v.Tasks {
		t := &v.Tasks[i]
		card := codeCard{Name: t.Name, Place: sc.place(t.Place), Address: origin + s.base.to(doPath(v.Site, t.ID))}
		var err error
		if card.Code, err = drawCode(card.Address); err != nil {
			return err
		}
		p.Codes = append(p.Codes, card)
	}
	return s.render(w, http.StatusOK, lang, "codes", p)
}

// onlyHere reports whether a host means this computer to whoever asks for it.
func onlyHere(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.Unmap().IsLoopback()
}
