package transcode

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// picture looks like a JPEG: lines of its own, long ones, and what is almost a boundary.
var picture = "\xff\xd8\xff\xe0JFIF\n--\n--bound\r\n" + strings.Repeat("\x00\x0a\x0d--boundar", 900) + strings.Repeat("z", 10_000) + "\xff\xd9"

const count = `<alert><enter>3</enter></alert>`

func crlf(parts ...string) string { return strings.Join(parts, "\r\n") }

func TestPart(t *testing.T) {
	for name, c := range map[string]struct{ boundary, body, want string }{
		"XML before a picture": {"boundary", crlf(
			"--boundary", `Content-Disposition: form-data; name="peopleCounting"; filename="peopleCounting.xml"`, "Content-Type: application/xml",
			"Content-Length: 31", "", count,
			"--boundary", `Content-Disposition: form-data; name="picture"; filename="1.jpg"`, "Content-Type: image/jpeg", "", picture,
			"--boundary--", ""), count},
		"picture first": {"boundary", crlf(
			"--boundary", "Content-Type: image/jpeg", "", picture,
			"--boundary", `content-type: Text/XML; charset="UTF-8"`, "", count, "--boundary--"), count},
		"JSON without a type": {"MIME_boundary", crlf(
			"--MIME_boundary", `Content-Disposition: form-data; name="event_log"`, "", ` {"a":`, "1}", "--MIME_boundary--"), " {\"a\":\r\n1}"},
		"text that is JSON":              {"b", crlf("--b", "Content-Type: text/plain", "", "[1]", "--b--"), "[1]"},
		"a form field before it":         {"b", crlf("--b", `Content-Disposition: form-data; name="x"`, "", "hello {", "<x>", "--b", "Content-Type: application/json", "", "{}", "--b--"), "{}"},
		"no boundary given":              {"", crlf("", "--x-1", "Content-Type: application/json", "", "{}", "--x-1--"), "{}"},
		"a header before all":            {"", crlf("Content-Type: multipart/mixed; boundary=q", "", "--q", "Content-Type: application/json", "", "{}", "--q--"), "{}"},
		"boundary line twice":            {"b", crlf("--b", "--b", "Content-Type: application/xml", "", "<a/>", "--b--"), "<a/>"},
		"no empty line":                  {"b", crlf("--b", `Content-Disposition: form-data; name="event_log"`, `{"a":1}`, "--b--"), `{"a":1}`},
		"no end":                         {"b", crlf("--b", "Content-Type: application/xml", "", "<a/>"), "<a/>"},
		"lines end as on Unix":           {"b", "--b\nContent-Type: application/xml\n\n<a>\n</a>\n--b--\n", "<a>\n</a>"},
		"the first of two":               {"b", crlf("--b", "", "<a/>", "--b", "", "<b/>", "--b--"), "<a/>"},
		"an empty part before":           {"b", crlf("--b", "Content-Type: application/xml", "", "", "--b", "", "<b/>", "--b--"), "<b/>"},
		"a vendor's type":                {"b", crlf("--b", "Content-Type: application/vnd.acme+json", "", "{}", "--b--"), "{}"},
		"a type with a broken parameter": {"b", crlf("--b", "Content-Type: application/json; charset", "", "{}", "--b--"), "{}"},
		"at the limit":                   {"b", crlf("--b", "", "<"+strings.Repeat("a", 97)+"/>", "--b--"), "<" + strings.Repeat("a", 97) + "/>"},
		"over the limit":                 {"b", crlf("--b", "", "<"+strings.Repeat("a", 98)+"/>", "--b--"), "! a part that is XML or JSON has more than 100 bytes, want at most that"},
		"over the limit without end":     {"b", crlf("--b", "", "<"+strings.Repeat("a", 98)+"/>"), "! a part that is XML or JSON has more than 100 bytes, want at most that"},
		"pictures alone":                 {"b", crlf("--b", "Content-Type: image/svg+xml", "", "<svg/>", "--b--"), "! the multipart body has no part that is XML or JSON"},
		"another boundary":               {"b", crlf("--c", "", "<a/>", "--c--"), "! the multipart body has no part that is XML or JSON"},
		"behind the end":                 {"b", crlf("--b--", "", "<a/>"), "! the multipart body has no part that is XML or JSON"},
		"nothing":                        {"b", "", "! the multipart body has no part that is XML or JSON"},
		"boundary too long":              {strings.Repeat("b", 71), "", "! a multipart boundary of 71 bytes, want at most 70"},
		"endless header":                 {"b", "--b\r\n" + strings.Repeat("a: b\r\n", 300), "! more than 256 header lines in a multipart body"},
	} {
		t.Run(name, func(t *testing.T) {
			for pieces, body := range map[string]io.Reader{
				"at once":      strings.NewReader(c.body),
				"byte by byte": iotest.OneByteReader(strings.NewReader(c.body)),
			} {
				part, err := Part(body, c.boundary, 100)
				got := string(part)
				if err != nil {
					got = "! " + err.Error()
				}
				if got != c.want {
					t.Errorf("%s: got %q, want %q", pieces, got, c.want)
				}
				if rest, _ := io.ReadAll(body); err == nil && len(rest) > 0 {
					t.Errorf("%s: %d bytes were left unread", pieces, len(rest))
				}
			}
		})
	}
}

func TestPartPassesOnWhatItsReaderSays(t *testing.T) {
	fault := errors.New("reset")
	_, err := Part(io.MultiReader(strings.NewReader("--b\r\n\r\n<a/>"), iotest.ErrReader(fault)), "b", 100)
	if own, ok := errors.AsType[*Error](err); !errors.Is(err, fault) || !ok || own.Reason != telemetry.ReasonSyntax {
		t.Errorf("got %v, want the reader's fault", err)
	}
}

// What the standard library writes is read, and what it reads of any body is what we read.
func TestPartAgreesWithTheStandardLibrary(t *testing.T) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range []struct{ kind, content string }{{"image/jpeg", picture}, {"application/xml", count}, {"image/jpeg", picture}} {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {p.kind}})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, p.content)
	}
	w.Close()
	got, err := Part(&body, w.Boundary(), 1000)
	if err != nil || string(got) != count {
		t.Errorf("got %q, %v", got, err)
	}
}

// FuzzPart asserts that a part lies in the body, begins as XML or JSON may, where it has no type, and is within the limit.
func FuzzPart(f *testing.F) {
	f.Add("b", []byte(crlf("--b", "Content-Type: application/xml", "", count, "--b", "Content-Type: image/jpeg", "", picture, "--b--")), uint16(100))
	f.Add("", []byte(crlf("x", "--b", "--b", `{"a":1}`, "--b--")), uint16(10))
	f.Add("b", []byte("--b\n\n<a\n--b"), uint16(1))
	f.Fuzz(func(t *testing.T, boundary string, body []byte, limit uint16) {
		part, err := Part(bytes.NewReader(body), boundary, int(limit))
		again, err2 := Part(iotest.HalfReader(bytes.NewReader(body)), boundary, int(limit))
		if (err == nil) != (err2 == nil) || !bytes.Equal(part, again) {
			t.Fatalf("got %q (%v), in pieces %q (%v)", part, err, again, err2)
		}
		if err != nil {
			presentable(t, err, body)
			return
		}
		if len(part) == 0 || len(part) > int(limit) || !bytes.Contains(body, part) {
			t.Fatalf("got %q, which is not a part of at most %d bytes", part, limit)
		}
	})
}

// BenchmarkPart reads over a picture of 200 KiB.
func BenchmarkPart(b *testing.B) {
	body := []byte(crlf("--b", "Content-Type: application/xml", "", alert, "--b", "Content-Type: image/jpeg", "",
		strings.Repeat("\x12\x34\x0a\x56\x78\x9a\xbc\xde", 25_600), "--b--"))
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := Part(bytes.NewReader(body), "b", 64<<10); err != nil {
			b.Fatal(err)
		}
	}
}
