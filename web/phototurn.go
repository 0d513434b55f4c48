package web

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
)

// turnOf reads how a camera was held from what it wrote beside a JPEG (the EXIF tag Orientation); 1: upright, or it does not say. Since that is
// dropped, the picture is turned instead.
func turnOf(photo []byte) int {
	const upright = 1
	if len(photo) < 4 || photo[0] != 0xff || photo[1] != 0xd8 {
		return upright
	}
	for b := photo[2:]; len(b) >= 4 && b[0] == 0xff; {
		size := int(binary.BigEndian.Uint16(b[2:])) + 2
		if b[1] == 0xda || size < 4 || size > len(b) {
			return upright
		}
		if body, ok := bytes.CutPrefix(b[4:size], []byte("Exif\x00\x00")); ok && b[1] == 0xe1 {
			return orientation(body)
		}
		b = b[size:]
	}
	return upright
}

// orientation reads the tag of the first directory of TIFF data.
func orientation(tiff []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II")) {
		order = binary.LittleEndian
	}
	if len(tiff) < 8 {
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	n := uint64(order.Uint16(tiff[at:]))
	for i := range n {
		entry := at + 2 + 12*i
		if entry+12 > uint64(len(tiff)) {
			return 1
		}
		if e := tiff[entry:]; order.Uint16(e) == 0x0112 {
			if v := int(order.Uint16(e[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// turned is a picture as it was seen.
type turned struct {
	image.Image
	turn int
}

// upright turns a picture as the camera says that it was held.
func upright(m image.Image, turn int) image.Image {
	if turn <= 1 || turn > 8 {
		return m
	}
	return turned{m, turn}
}

// Bounds are those of the picture as it was seen.
func (t turned) Bounds() image.Rectangle {
	b := t.Image.Bounds()
	if t.turn >= 5 {
		return image.Rect(0, 0, b.Dy(), b.Dx())
	}
	return image.Rect(0, 0, b.Dx(), b.Dy())
}

// At is a point of the picture as it was seen.
func (t turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	w, h := b.Dx()-1, b.Dy()-1
	switch t.turn {
	case 2:
		x = w - x
	case 3:
		x, y = w-x, h-y
	case 4:
		y = h - y
	case 5:
		x, y = y, x
	case 6:
		x, y = y, h-x
	case 7:
		x, y = w-y, h-x
	case 8:
		x, y = w-y, x
	}
	return t.Image.At(b.Min.X+x, b.Min.Y+y)
}

// progressive reports whether a JPEG comes in several scans, as its frame's header says; also where that is not found.
func progressive(photo []byte) bool {
	if len(photo) < 4 || photo[0] != 0xff || photo[1] != 0xd8 {
		return false
	}
	for b := photo[2:]; len(b) >= 4 && b[0] == 0xff; {
		switch b[1] {
		case 0xc0, 0xc1:
			return false
		case 0xff: // filling
			b = b[1:]
			continue
		}
		size := int(binary.BigEndian.Uint16(b[2:])) + 2
		if size < 4 || size > len(b) {
			return true
		}
		b = b[size:]
	}
	return true
}
