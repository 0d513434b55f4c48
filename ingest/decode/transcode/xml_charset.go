package transcode

import (
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// charsets serves the encodings that an XML declaration may name beside UTF-8.
type charsets struct {
	// begun says that the root element was seen: a declaration is then out of place.
	begun func() bool
	// err is why a declaration was refused: the XML decoder wraps it together with text of the payload.
	err error
}

// declarable are the encodings of cameras in the field, by lower-case name. GB18030 contains GBK, and GBK contains GB2312.
var declarable = map[string]encoding.Encoding{
	"iso-8859-1":   charmap.ISO8859_1,
	"iso8859-1":    charmap.ISO8859_1,
	"latin1":       charmap.ISO8859_1,
	"windows-1252": charmap.Windows1252,
	"cp1252":       charmap.Windows1252,
	"gb2312":       simplifiedchinese.GB18030,
	"gbk":          simplifiedchinese.GB18030,
	"cp936":        simplifiedchinese.GB18030,
	"gb18030":      simplifiedchinese.GB18030,
	"utf8":         nil, // as good as UTF-8, which the decoder knows
	"us-ascii":     nil,
	"ascii":        nil,
}

// reader converts to UTF-8; what the encoding does not have is replaced.
func (c *charsets) reader(label string, input io.Reader) (io.Reader, error) {
	switch e, ok := declarable[strings.ToLower(strings.TrimSpace(label))]; {
	case c.begun():
		c.err = errorf(telemetry.ReasonSyntax, "an XML declaration behind the root element's begin")
	case !ok:
		c.err = errorf(telemetry.ReasonEncoding, "the XML declares an encoding other than UTF-8, ISO-8859-1, windows-1252 and GBK")
	case e == nil:
		return input, nil
	default:
		return e.NewDecoder().Reader(input), nil
	}
	return nil, errors.New("refused")
}
