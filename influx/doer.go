package influx

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// doer sends the InfluxDB client's requests. The client takes every 2xx for a success, follows redirects to login pages,
// and reads error bodies without end; the doer lets nothing through but the one status that means success.
//
// A doer that compresses is used by one goroutine at a time.
type doer struct {
	client  *http.Client
	success int          // 204 for writes, 200 for queries
	packer  *gzip.Writer // compresses bodies; nil: they are sent as they are
	secret  Secret
	// known is set once a success carried InfluxDB's headers: from then on one without them is not believed.
	known atomic.Bool
	// unsigned is until when successes without these headers are believed, Unix nanoseconds; see Writer's challenge.
	unsigned atomic.Int64
	// expires is when the server's certificate ends, Unix seconds; 0: not known.
	expires atomic.Int64
}

// maxErrorBody bounds what is read of an unsuccessful answer.
const maxErrorBody = 1 << 20

func newDoer(rt http.RoundTripper, success int, compress bool, secret Secret) *doer {
	d := &doer{success: success, secret: secret, client: &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if compress {
		// The fastest level gives most of the saving; its constant is valid, so there is no error.
		d.packer, _ = gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	}
	return d
}

// Do sends a request. A response is a success; anything the server said otherwise is an *answer.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	if d.packer != nil && req.Body != nil {
		if err := d.pack(req); err != nil {
			return nil, fmt.Errorf("compressing a write: %w", err)
		}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		d.expires.Store(resp.TLS.PeerCertificates[0].NotAfter.Unix())
	}
	believed, bare := d.believes(resp)
	if believed {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or given up
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil && len(body) == 0 {
		body = []byte("the answer broke off")
	}
	a := newAnswer(resp, body, d.secret, time.Now())
	a.bare = bare
	return nil, a
}

// believes reports whether a response is a success that comes from InfluxDB. A proxy may answer 204 to anything; it does so with
// the type of a page, announcing a body, or without InfluxDB's headers. bare says that the headers alone are missing: a proxy may
// have removed them, too.
func (d *doer) believes(resp *http.Response) (believed, bare bool) {
	if resp.StatusCode != d.success {
		return false, false
	}
	if fromInflux(resp.Header) {
		d.known.Store(true)
		return true, false
	}
	page := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html")
	if resp.StatusCode != http.StatusNoContent {
		return !page && !d.known.Load(), false // what it holds is looked at
	}
	length := resp.Header.Get("Content-Length")
	bare = !page && (length == "" || length == "0")
	return bare && time.Now().UnixNano() < d.unsigned.Load(), bare
}

// pack replaces a request's body by its gzip form.
func (d *doer) pack(req *http.Request) error {
	defer func() { _ = req.Body.Close() }() // a reader of memory
	var packed bytes.Buffer
	d.packer.Reset(&packed)
	if _, err := io.Copy(d.packer, req.Body); err != nil {
		return err
	}
	if err := d.packer.Close(); err != nil {
		return err
	}
	body := packed.Bytes()
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Encoding", "gzip")
	return nil
}
