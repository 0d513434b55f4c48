package web

import "html/template"

// icons are drawn on a 16 × 16 grid in the colour of the text. Each verdict has a shape of its own, so that it is told
// apart without colour: a tick, a cross in an octagon, a question mark in a dashed ring.
var icons = map[string]string{
	"within":   `<circle cx="8" cy="8" r="7" fill="currentColor" stroke="none"/><path class="knock" d="M4.6 8.3l2.3 2.3 4.5-5"/>`,
	"breached": `<path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" fill="currentColor" stroke="none"/><path class="knock" d="M5.4 5.4l5.2 5.2m0-5.2l-5.2 5.2"/>`,
	"near":     `<path d="M1.8 12.5a6.6 6.6 0 1 1 12.4 0"/><path d="M8 10.6l3.9-3.9"/><circle cx="8" cy="10.6" r=".9" fill="currentColor"/>`,
	"unknown":  `<circle cx="8" cy="8" r="6.5" stroke-dasharray="2.6 1.5"/><path d="M6.1 6.3a1.95 1.95 0 1 1 2.9 1.7c-.7.4-1 .8-1 1.5"/><circle cx="8" cy="11.7" r=".55" fill="currentColor"/>`,
	"closed":   `<path d="M4.5 7.5v-2a3.5 3.5 0 0 1 7 0v2"/><rect x="3" y="7.5" width="10" height="7" rx="1.5"/>`,
	"go":       `<path d="M2.5 8h10M8.5 3.5L13 8l-4.5 4.5"/>`,
	"wait":     `<circle cx="8" cy="8" r="6.5"/><path d="M8 4.2V8l2.6 1.8"/>`,
	"stop":     `<path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z"/><path d="M4.5 8h7"/>`,
	"alert":    `<path d="M8 1.8L15 14H1z"/><path d="M8 6v4"/><circle cx="8" cy="12" r=".5" fill="currentColor"/>`,
	"overdue":  `<circle cx="8" cy="8" r="6.5"/><path d="M8 4v4.2l2.8 1.6"/>`,
	"sensor":   `<path d="M4.2 11.8a5.4 5.4 0 0 1 0-7.6M11.8 4.2a5.4 5.4 0 0 1 0 7.6M1.5 1.5l13 13"/><circle cx="8" cy="8" r="1.3" fill="currentColor"/>`,
	"heard":    `<path d="M4.2 11.8a5.4 5.4 0 0 1 0-7.6M11.8 4.2a5.4 5.4 0 0 1 0 7.6"/><circle cx="8" cy="8" r="1.3" fill="currentColor"/>`,
	"service":  `<rect x="2" y="2.5" width="12" height="4.5" rx="1"/><rect x="2" y="9" width="12" height="4.5" rx="1"/><path d="M4.5 4.75h.1M4.5 11.25h.1"/>`,
	"people":   `<circle cx="6" cy="5" r="2.5"/><path d="M1.5 14c0-2.8 2-4.6 4.5-4.6s4.5 1.8 4.5 4.6M10.5 2.7a2.5 2.5 0 0 1 0 4.6M12 9.8c1.6.6 2.5 2.2 2.5 4.2"/>`,
	"hand":     `<path d="M3 8.6l3.2 3.2L13 4.6"/>`,
	"clock":    `<circle cx="8" cy="8" r="6.5"/><path d="M8 4v4.2l2.8 1.6"/>`,
	"dead":     `<path d="M2 2l12 12M5.2 5.4a4 4 0 0 0 .2 5.4M10.8 10.6a4 4 0 0 0-.2-5.4"/>`,
	"key":      `<circle cx="5" cy="11" r="3.2"/><path d="M7.3 8.7L14 2M11.4 4.6l2 2"/>`,
	"off":      `<circle cx="8" cy="8" r="6.5"/><path d="M4.5 8h7"/>`,
}

// icon is a named drawing, hidden from readers aloud: a word always stands beside it. An unknown name draws nothing.
func icon(name string) template.HTML {
	body, ok := icons[name]
	if !ok {
		return ""
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">` + body + `</svg>`) //nolint:gosec // constants only
}
