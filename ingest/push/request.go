package push

import (
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest/access"
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
	var a *access.Account
	if given {
		a = h.accounts.Load().Authenticate(name, password)
	}
	if a == nil {
		return nil, refuse(http.StatusUnauthorized, "a credential is needed: basic authentication, or the bearer token name:password")
	}
	if a.Role == access.Reader {
		return nil, refuse(http.StatusForbidden, "this credential may only read")
	}
	return a, nil
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

// readBody returns a request's body, decompressed, of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int) ([]byte, error) {
	if err := checkType(r.Header.Get("Content-Type")); err != nil {
		return nil, err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // where the server can
	var body io.Reader = http.MaxBytesReader(w, r.Body, int64(limit))
	switch encoding := r.Header.Get("Content-Encoding"); strings.ToLower(encoding) {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, readFault(err, limit)
		}
		body = z
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "the content encoding must be gzip or none")
	}
	payload, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	switch {
	case err != nil:
		return nil, readFault(err, limit)
	case len(payload) > limit:
		return nil, tooLarge(limit)
	case len(payload) == 0:
		return nil, refuse(http.StatusBadRequest, "the body is empty")
	}
	return payload, nil
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

// checkType takes JSON, XML and text, in UTF-8.
func checkType(header string) error {
	kind, parameters, err := mime.ParseMediaType(header)
	family, sub, _ := strings.Cut(kind, "/")
	ok := family == "text" || family == "application" &&
		(sub == "json" || sub == "xml" || strings.HasSuffix(sub, "+json") || strings.HasSuffix(sub, "+xml"))
	switch charset := strings.ToLower(parameters["charset"]); {
	case err != nil, !ok:
		return refuse(http.StatusUnsupportedMediaType, "the content type must be JSON, XML or text, for example application/json")
	case charset != "" && charset != "utf-8" && charset != "us-ascii":
		return refuse(http.StatusUnsupportedMediaType, "the character set must be UTF-8, not %.20q", charset)
	}
	return nil
}
