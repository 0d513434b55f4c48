package push

import (
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/decode/transcode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// authenticate finds the account of a request.
func (h *Handler) authenticate(r *http.Request) (*access.Account, error) {
	name, password, given := r.BasicAuth()
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		name, password, given = strings.Cut(token, ":")
	}
	if !given && r.Header.Get("Authorization") == "" && h.anonymous != nil {
		return h.anonymous, nil
	}
	if !given {
		return nil, errNeedCredential
	}
	try := access.Attempt{From: h.from(r), Name: name}
	known := name
	if h.accounts.Load().Find(name) == nil {
		known = "unknown" // people type all sorts of things there
	}
	if h.attempts.Wait(try) > 0 {
		h.notes.Warn("request not tried: too many log-ins have failed", known+" "+try.From.String(), "credential", known, "from", try.From)
		return nil, refuse(http.StatusTooManyRequests, "too many wrong names and passwords: try again later")
	}
	a := h.accounts.Load().Authenticate(name, password)
	if a == nil {
		h.attempts.Failed(try)
		h.notes.Warn("credential refused", known+" "+try.From.String(), "credential", known, "from", try.From)
		return nil, errNeedCredential
	}
	h.attempts.Succeeded(try)
	return a, nil
}

var errNeedCredential = refuse(http.StatusUnauthorized, "a credential is needed: basic authentication, or the bearer token name:password")

// from is the address that a request comes from. A proxy in front has written it behind whatever the client wrote itself.
func (h *Handler) from(r *http.Request) netip.Prefix {
	if chain := r.Header.Values("X-Forwarded-For"); h.options.Proxy && len(chain) > 0 {
		hops := strings.Split(chain[len(chain)-1], ",")
		return access.From(strings.TrimSpace(hops[len(hops)-1]))
	}
	return access.From(r.RemoteAddr)
}

// topic names what a request is about.
func (h *Handler) topic(a *access.Account, model, device string) (string, error) {
	if !plain(model, 64) || strings.Contains(model, "/") || !h.options.Known(model) {
		return "", refuse(http.StatusNotFound, "there is no such model")
	}
	if device == "" {
		device = a.Device
	}
	if device == "" {
		return "push/" + model, nil // the payload has to tell
	}
	if !plain(device, 200) {
		return "", refuse(http.StatusBadRequest, "the device's name is too long or has characters that are not allowed")
	}
	// Only site/device can be judged here; a vendor's own name is the decoder's business.
	if strings.Count(device, "/") == 1 && a.Sender.Devices != nil && !a.Sender.Devices[device] {
		return "", refuse(http.StatusForbidden, "this credential may not speak for that device")
	}
	return "push/" + model + "/" + device, nil
}

// plain reports whether s is fit for a topic and a log line.
func plain(s string, limit int) bool {
	return s != "" && len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '+' || r == '#'
	})
}

// readBody returns a request's body, decompressed, of at most MaxBody bytes. Of a multipart body it is the first part that is XML
// or JSON; pictures and the rest, within MaxMultipart bytes, end here and are never held in memory as a whole.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	parts, boundary, err := checkType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	limit := h.options.MaxBody
	if parts {
		limit = max(limit, h.options.MaxMultipart)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // where the server can
	body := http.MaxBytesReader(w, r.Body, int64(limit))
	switch encoding := r.Header.Get("Content-Encoding"); strings.ToLower(encoding) {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, readFault(err, limit)
		}
		body = http.MaxBytesReader(w, z, int64(limit)) // what it inflates to is bounded, too
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "the content encoding must be gzip or none")
	}
	if parts {
		return h.readPart(body, boundary, limit)
	}
	payload, err := io.ReadAll(body)
	switch {
	case err != nil:
		return nil, readFault(err, limit)
	case len(payload) == 0:
		return nil, refuse(http.StatusBadRequest, "the body is empty")
	}
	return payload, nil
}

func (h *Handler) readPart(body io.Reader, boundary string, limit int) ([]byte, error) {
	payload, err := transcode.Part(body, boundary, h.options.MaxBody)
	no, ok := errors.AsType[*transcode.Error](err)
	switch {
	case err == nil:
		return payload, nil
	case !ok || no.Err != nil:
		return nil, readFault(err, limit)
	case no.Reason == telemetry.ReasonTooLarge:
		return nil, refuse(http.StatusRequestEntityTooLarge, "%s", no.Detail)
	}
	return nil, refuse(http.StatusBadRequest, "%s", no.Detail)
}

func readFault(err error, limit int) error {
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return tooLarge(limit)
	}
	return refuse(http.StatusBadRequest, "the body could not be read to its end")
}

func tooLarge(limit int) error {
	return refuse(http.StatusRequestEntityTooLarge, "the body must not be larger than %d bytes", limit)
}

// checkType takes JSON, XML and text, in UTF-8, and multipart bodies that have such a part. XML says itself how it is encoded.
func checkType(header string) (parts bool, boundary string, err error) {
	kind, parameters, err := mime.ParseMediaType(header)
	family, sub, _ := strings.Cut(kind, "/")
	if family == "multipart" && (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter)) {
		return true, parameters["boundary"], nil // one that is missing or broken is seen in the body
	}
	xml := sub == "xml" || strings.HasSuffix(sub, "+xml")
	ok := family == "text" || family == "application" && (sub == "json" || xml || strings.HasSuffix(sub, "+json"))
	switch charset := strings.ToLower(parameters["charset"]); {
	case err != nil, !ok:
		return false, "", refuse(http.StatusUnsupportedMediaType,
			"the content type must be JSON, XML or text, for example application/json, or multipart with such a part")
	case charset != "" && charset != "utf-8" && charset != "us-ascii" && !xml:
		return false, "", refuse(http.StatusUnsupportedMediaType, "the character set must be UTF-8, not %.20q", charset)
	}
	return false, "", nil
}
