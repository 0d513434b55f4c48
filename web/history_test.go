package web

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
)

// An auditor asks who handled an alert and when: also where the acknowledgement ran out before the alert ended.
func TestTheHistorySaysWhoHandledAnAlert(t *testing.T) {
	f := newFleet()
	f.past[0].Handled = []alerts.Acknowledgement{
		{By: "siti", Reason: "entrance_held", At: ago(5 * time.Hour), Until: ago(4 * time.Hour)}, {By: "budi", At: ago(3 * time.Hour), Until: ago(2 * time.Hour)}}
	r := start(t, f, nil)
	wants(t, "the page", r.get("/alerts?lang=id").body, "siti (menurut pengisi), 09.05 WIB sampai 10.05 WIB — Pintu ditahan", "budi (menurut pengisi), 11.05 WIB sampai 12.05 WIB")
	wants(t, "the API", r.get("/api/v1/alerts/history", "Accept", "application/json").body,
		`"handled":[{"by":"siti","by_claimed":true,"reason":"entrance_held","at":"2026-01-05T02:05:12Z","until":"2026-01-05T03:05:12Z"},{"by":"budi"`, `"handled":[]`)
}
