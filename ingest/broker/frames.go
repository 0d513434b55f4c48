package broker

import (
	"fmt"
	"io"
	"net"

	"github.com/gorilla/websocket"
)

// frames is a WebSocket as a stream: each write is one binary frame, and reads run across frames.
type frames struct {
	net.Conn
	ws   *websocket.Conn
	rest io.Reader // of the current frame
}

func (f *frames) Read(p []byte) (int, error) {
	for {
		if f.rest == nil {
			kind, r, err := f.ws.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, fmt.Errorf("read frame: type %d, expected binary", kind)
			}
			f.rest = r
		}
		n, err := f.rest.Read(p)
		if err == io.EOF {
			f.rest, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (f *frames) Write(p []byte) (int, error) {
	if err := f.ws.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
