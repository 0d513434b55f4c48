package web

import (
	"net/http"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// route is one address: who may ask for it, and for which site.
type route struct {
	pattern string              // as http.ServeMux reads it
	may     accounts.Permission // what the caller must have; none for open and known
	at      place               // where the caller must have it
	handler func(*Server) handlerFunc
}

// place is where a request's site comes from.
type place int

// The places.
const (
	open       place = iota // nobody is asked who he is
	known                   // whoever is no stranger
	anywhere                // the permission at any site is enough: the handler shows only those sites
	everywhere              // the permission for all sites and the gateway itself
	inPath                  // of the site in the path
	inQuery                 // of the site that is asked for; without one as anywhere
	ofAlert                 // of the alert in the path
	ownDoor                 // the door asks for credentials of its own, else as everywhere
)

// byAPI is registered where the API describes it, by huma.Register.
var byAPI func(*Server) handlerFunc

// routeTable is every address of the server, pages and API alike: what is not in it cannot be registered. No GET changes anything.
// A new page is one line here; an operation of the API is a line here and its huma.Register.
func routeTable() []route {
	return []route{
		{"GET /{$}", accounts.See, anywhere, shows((*Server).overview)},
		{"GET /map", accounts.See, anywhere, shows((*Server).fleetMap)},
		{"GET /ranking", accounts.Review, anywhere, shows((*Server).ranking)},
		{"GET /site/{site}", accounts.See, inPath, shows((*Server).site)},
		{"GET /site/{site}/zone/{zone}", accounts.See, inPath, shows((*Server).zone)},
		{"GET /site/{site}/task/{task}", accounts.See, inPath, shows((*Server).task)},
		{"GET /site/{site}/do", accounts.DoTask, inPath, shows((*Server).doList)},
		{"GET /site/{site}/do/{task}", accounts.DoTask, inPath, shows((*Server).do)},
		{"GET /site/{site}/shift", accounts.DoTask, inPath, shows((*Server).shiftNow)},
		{"GET /site/{site}/tasks/codes", accounts.Supervise, inPath, shows((*Server).codes)},
		{"GET /site/{site}/tasks/paper", accounts.Supervise, inPath, shows((*Server).paper)},
		{"GET /site/{site}/tasks/typed", accounts.Supervise, inPath, shows((*Server).typing)},
		{"GET /site/{site}/tasks/photo/{photo}", accounts.Review, inPath, shows((*Server).photo)},
		{"GET /site/{site}/phones", accounts.Supervise, inPath, shows((*Server).phones)},
		{"GET /site/{site}/level", accounts.See, inPath, shows((*Server).level)},
		{"GET /site/{site}/level/rehearsal", accounts.Review, inPath, shows((*Server).rehearseLevel)},
		{"GET /site/{site}/limits", accounts.Review, inPath, shows((*Server).limits)},
		{"GET /site/{site}/maintenance", accounts.See, inPath, shows((*Server).maintenance)},
		{"GET /site/{site}/displays", accounts.Share, inPath, shows((*Server).displays)},
		{"GET /site/{site}/what-if", accounts.See, inPath, shows((*Server).whatIf)},
		{"GET /site/{site}/zone/{zone}/what-if", accounts.See, inPath, shows((*Server).whatIf)},
		{"GET /site/{site}/history", accounts.Review, inPath, shows((*Server).history)},
		{"GET /site/{site}/zone/{zone}/history", accounts.Review, inPath, shows((*Server).history)},
		{"GET /site/{site}/compliance", accounts.Review, inPath, shows((*Server).compliance)},
		{"GET /site/{site}/evidence", accounts.Export, inPath, shows((*Server).evidence)},
		{"POST /site/{site}/evidence", accounts.Export, inPath, shows((*Server).takeEvidence)},
		{"GET /sign/{site}/{zone}", accounts.Display, inPath, shows((*Server).sign)},
		{"GET /alerts", accounts.See, inQuery, shows((*Server).alerts)},
		{"GET /alert/{alert}", accounts.See, ofAlert, shows((*Server).alert)},
		{"GET /watch", accounts.Acknowledge, anywhere, shows((*Server).watch)},
		{"GET /reach", accounts.Rouse, inQuery, shows((*Server).roster)},
		{"GET /handover", accounts.Acknowledge, inQuery, shows((*Server).handover)},
		{"GET /rejections", accounts.Inspect, inQuery, shows((*Server).rejections)},
		{"GET /readings", accounts.Inspect, inQuery, shows((*Server).readings)},
		{"GET /refused", accounts.Inspect, everywhere, shows((*Server).refused)},
		{"GET /devices", accounts.Inspect, everywhere, shows((*Server).strangers)},
		{"GET /devices/try", accounts.Inspect, everywhere, shows((*Server).trial)},
		{"POST /devices/try", accounts.Inspect, everywhere, shows((*Server).tryMessage)},
		{"GET /devices/add", accounts.Operate, inQuery, shows((*Server).addDevice)},
		{"POST /devices/add", accounts.Operate, inQuery, shows((*Server).installDevice)},
		{"GET /devices/replace", accounts.Operate, inQuery, shows((*Server).replaceDevice)},
		{"POST /devices/replace", accounts.Operate, inQuery, shows((*Server).replaceBy)},
		{"GET /site/{site}/devices", accounts.Inspect, inPath, shows((*Server).devices)},
		{"GET /status", accounts.See, anywhere, shows((*Server).status)},

		{"GET /live/overview", accounts.See, anywhere, streams("overview")},
		{"GET /live/map", accounts.See, anywhere, streams("map")},
		{"GET /live/site/{site}", accounts.See, inPath, streams("site")},
		{"GET /live/site/{site}/zone/{zone}", accounts.See, inPath, streams("zone")},
		{"GET /live/site/{site}/devices", accounts.Inspect, inPath, streams("devices")},
		{"GET /live/sign/{site}/{zone}", accounts.Display, inPath, streams("sign")},
		{"GET /live/watch", accounts.Acknowledge, anywhere, streams("watch")},

		{"POST /alert/{alert}/acknowledge", accounts.Acknowledge, ofAlert, shows((*Server).acknowledge)},
		{"POST /alert/{alert}/comment", accounts.Acknowledge, ofAlert, does(telemetry.EntryComment)},
		{"POST /alert/{alert}/assign", accounts.Acknowledge, ofAlert, does(telemetry.EntryAssign)},
		{"POST /alert/{alert}/silence", accounts.Maintain, ofAlert, does(telemetry.EntrySilence)},
		{"POST /alert/{alert}/silence/end", accounts.Maintain, ofAlert, shows((*Server).endSilence)},
		{"POST /alerts/handover", accounts.Acknowledge, anywhere, shows((*Server).handOver)},
		{"POST /site/{site}/handover/take", accounts.Acknowledge, inPath, shows((*Server).takeOver)},
		{"POST /alert/{alert}/seen", accounts.Acknowledge, ofAlert, shows((*Server).saw)},
		{"POST /site/{site}/drill", accounts.Rouse, inPath, shows((*Server).beginDrill)},
		{"POST /site/{site}/drill/end", accounts.Rouse, inPath, shows((*Server).endDrill)},
		{"POST /site/{site}/zone/{zone}/count", accounts.Count, inPath, enters(telemetry.EntryCount)},
		{"POST /site/{site}/zone/{zone}/correction", accounts.Count, inPath, enters(telemetry.EntryCorrection)},
		{"POST /site/{site}/zone/{zone}/undo", accounts.Count, inPath, shows((*Server).undo)},
		{"POST /site/{site}/task/{task}/done", accounts.DoTask, inPath, shows((*Server).taskByForm)},
		{"POST /site/{site}/do/{task}/log", accounts.DoTask, inPath, shows((*Server).logShift)},
		{"POST /site/{site}/tasks/typed", accounts.Supervise, inPath, shows((*Server).typed)},
		{"POST /site/{site}/tasks/photo", accounts.Supervise, inPath, shows((*Server).addPhoto)},
		{"POST /site/{site}/tasks/photo/erase", accounts.Supervise, inPath, shows((*Server).erasePhoto)},
		{"POST /site/{site}/phones", accounts.Supervise, inPath, shows((*Server).addPhone)},
		{"POST /site/{site}/phones/end", accounts.Supervise, inPath, shows((*Server).endPhone)},
		{"POST /site/{site}/note", accounts.Note, inPath, shows((*Server).writeNote)},
		{"POST /site/{site}/case/{case}/outcome", accounts.EndCase, inPath, shows((*Server).endCase)},
		{"POST /site/{site}/calibration", accounts.Calibrate, inPath, shows((*Server).calibrate)},
		{"POST /site/{site}/counting", accounts.Calibrate, inPath, shows((*Server).acceptCounting)},
		{"POST /site/{site}/level", accounts.SetLevel, inPath, shows((*Server).chooseLevel)},
		{"POST /site/{site}/level/end", accounts.SetLevel, inPath, ends(telemetry.EntryLevel)},
		{"POST /site/{site}/limits", accounts.SetLimits, inPath, shows((*Server).changeLimit)},
		{"POST /site/{site}/maintenance", accounts.Maintain, inPath, shows((*Server).beginMaintenance)},
		{"POST /site/{site}/maintenance/end", accounts.Maintain, inPath, ends(telemetry.EntryMaintenance)},
		{"POST /site/{site}/displays", accounts.Share, inPath, shows((*Server).makeDisplay)},
		{"POST /site/{site}/displays/end", accounts.Share, inPath, shows((*Server).endDisplay)},
		{"POST /refused/again", accounts.Operate, everywhere, shows((*Server).sendAgain)},
		{"POST /listen", accounts.Operate, everywhere, shows((*Server).beginListening)},
		{"POST /listen/stop", accounts.Operate, everywhere, shows((*Server).endListening)},

		{"GET /login", "", open, shows((*Server).login)},
		{"POST /login", "", open, shows((*Server).signIn)},
		{"POST /token", "", open, shows((*Server).takeToken)},
		{"GET /login/second", "", open, shows((*Server).secondStep)},
		{"POST /login/second", "", open, shows((*Server).takeStep)},
		{"POST /login/passkey", "", open, shows((*Server).logInByPasskey)},
		{"POST /logout", "", known, shows((*Server).logout)},
		{"GET /login/oidc", "", open, shows((*Server).beginSignOn)},
		{"GET /login/oidc/callback", "", open, shows((*Server).endSignOn)},
		{"POST /pin", "", open, shows((*Server).signInByPIN)},
		{"GET /phone", "", open, shows((*Server).showEnrol)},
		{"POST /phone", "", open, shows((*Server).enrol)},
		{"GET /setup", "", open, shows((*Server).setup)},
		{"POST /setup", "", open, shows((*Server).follow)},

		{"GET /account", "", known, shows((*Server).account)},
		{"POST /account/password", "", known, shows((*Server).repassword)},
		{"POST /account/session/end", "", known, shows((*Server).endOwnSession)},
		{"POST /account/pin", "", known, shows((*Server).setPIN)},
		{"POST /account/token", "", known, shows((*Server).makeToken)},
		{"POST /account/token/end", "", known, shows((*Server).endToken)},
		{"POST /reach/phone", accounts.Acknowledge, anywhere, shows((*Server).keepPhone)},
		{"POST /reach/phone/end", "", known, shows((*Server).dropPhone)},
		{"POST /reach/phone/test", accounts.Acknowledge, anywhere, shows((*Server).testPhone)},
		{"GET /reach/phone/test/{probe}", accounts.Acknowledge, anywhere, shows((*Server).probePhone)},
		{"POST /watch/here", accounts.Acknowledge, anywhere, shows((*Server).watching)},
		{"POST /push/told", "", open, shows((*Server).told)},
		{"GET /account/second", "", known, shows((*Server).factors)},
		{"POST /account/second/confirm", "", known, shows((*Server).confirmSelf)},
		{"POST /account/second/codes", "", known, shows((*Server).beginCodes)},
		{"POST /account/second/codes/confirm", "", known, shows((*Server).confirmCodes)},
		{"POST /account/second/passkey", "", known, shows((*Server).addPasskey)},
		{"POST /account/second/passkey/name", "", known, shows((*Server).namePasskey)},
		{"POST /account/second/recovery", "", known, shows((*Server).makeCodes)},
		{"POST /account/second/remove", "", known, shows((*Server).removeFactor)},
		{"GET /people", accounts.Administer, everywhere, shows((*Server).people)},
		{"POST /people", accounts.Administer, everywhere, shows((*Server).makePerson)},
		{"GET /people/{account}", accounts.Administer, everywhere, shows((*Server).person)},
		{"POST /people/{account}", accounts.Administer, everywhere, shows((*Server).changePerson)},
		{"POST /people/{account}/link", accounts.Administer, everywhere, shows((*Server).linkPerson)},
		{"POST /people/{account}/second/reset", accounts.Administer, everywhere, shows((*Server).resetPerson)},
		{"POST /people/{account}/session/end", accounts.Administer, everywhere, shows((*Server).endPersonSession)},
		{"POST /people/{account}/token/end", accounts.Administer, everywhere, shows((*Server).endPersonToken)},
		{"POST /shared/session/end", accounts.Administer, everywhere, shows((*Server).endSharedSession)},

		{"GET /ca", "", open, shows((*Server).ca)},
		{"GET /ca/gerbang.crt", "", open, shows((*Server).caCertificate)},
		{"GET /healthz", "", open, shows((*Server).healthz)},
		{"GET /readyz", "", known, shows((*Server).readyz)},
		{"GET /log/{site}/checkpoint", accounts.Review, inPath, shows((*Server).logCheckpoint)},
		{"GET /log/{site}/key", accounts.Review, inPath, shows((*Server).logKey)},
		{"GET /log/{site}/tile/{tile...}", accounts.Review, inPath, shows((*Server).logTile)},
		{"GET /metrics", accounts.Scrape, everywhere, byAPI},
		{"GET /sw.js", "", open, shows((*Server).serviceWorker)},
		{"GET /static/{file...}", "", open, func(s *Server) handlerFunc { return s.assets.serve }},
		{"/ingest/", accounts.Operate, ownDoor, byAPI},
		{"/", "", known, shows((*Server).nowhere)},

		{"GET /api/v1/sites", accounts.See, anywhere, byAPI},
		{"GET /api/v1/sites/{site}", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/zones", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/doors", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/devices", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/tasks", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/verdicts", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/cases", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/level", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/level/rehearsal", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/levels", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/limits", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/limits/changes", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/maintenance", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/maintenances", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/what-if", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/zones/{zone}/what-if", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/zones/{zone}/occupancy", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/zones/{zone}/entries", accounts.See, inPath, byAPI},
		{"GET /api/v1/sites/{site}/history", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/history.csv", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/events", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/events.csv", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/zones/{zone}/history", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/zones/{zone}/history.csv", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/compliance", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/evidence", accounts.Export, inPath, byAPI},
		{"POST /api/v1/sites/{site}/evidence", accounts.Export, inPath, byAPI},
		{"GET /api/v1/sites/{site}/compliance.csv", accounts.Review, inPath, byAPI},
		{"GET /api/v1/sites/{site}/intervals.csv", accounts.Review, inPath, byAPI},
		{"GET /api/v1/compliance", accounts.Review, anywhere, byAPI},
		{"GET /api/v1/ranking", accounts.Review, anywhere, byAPI},
		{"GET /api/v1/ranking.csv", accounts.Review, anywhere, byAPI},
		{"GET /api/v1/alerts", accounts.See, inQuery, byAPI},
		{"GET /api/v1/alerts/history", accounts.See, inQuery, byAPI},
		{"GET /api/v1/alerts/log", accounts.See, inQuery, byAPI},
		{"GET /api/v1/alerts.csv", accounts.See, inQuery, byAPI},
		{"GET /api/v1/alerts/{alert}", accounts.See, ofAlert, byAPI},
		{"GET /api/v1/rejections", accounts.Inspect, inQuery, byAPI},
		{"GET /api/v1/readings", accounts.Inspect, inQuery, byAPI},
		{"GET /api/v1/refused", accounts.Inspect, everywhere, byAPI},
		{"POST /api/v1/devices/try", accounts.Inspect, everywhere, byAPI},
		{"POST /api/v1/sites/{site}/devices", accounts.Operate, inPath, byAPI},
		{"POST /api/v1/sites/{site}/devices/{device}/replace", accounts.Operate, inPath, byAPI},
		{"GET /api/v1/devices/unconfigured", accounts.Inspect, everywhere, byAPI},
		{"GET /api/v1/status", accounts.See, anywhere, byAPI},
		{"GET /api/v1/openapi.json", "", known, shows((*Server).openAPI)},
		{"POST /api/v1/alerts/{alert}/acknowledge", accounts.Acknowledge, ofAlert, byAPI},
		{"POST /api/v1/alerts/{alert}/comment", accounts.Acknowledge, ofAlert, byAPI},
		{"POST /api/v1/alerts/{alert}/assign", accounts.Acknowledge, ofAlert, byAPI},
		{"POST /api/v1/alerts/{alert}/silence", accounts.Maintain, ofAlert, byAPI},
		{"POST /api/v1/alerts/{alert}/silence/end", accounts.Maintain, ofAlert, byAPI},
		{"POST /api/v1/alerts/handover", accounts.Acknowledge, anywhere, byAPI},
		{"POST /api/v1/sites/{site}/handover/take", accounts.Acknowledge, inPath, byAPI},
		{"GET /api/v1/sites/{site}/reach", accounts.Rouse, inPath, byAPI},
		{"POST /api/v1/sites/{site}/drill", accounts.Rouse, inPath, byAPI},
		{"POST /api/v1/sites/{site}/drill/end", accounts.Rouse, inPath, byAPI},
		{"POST /api/v1/sites/{site}/zones/{zone}/count", accounts.Count, inPath, byAPI},
		{"POST /api/v1/sites/{site}/zones/{zone}/correction", accounts.Count, inPath, byAPI},
		{"POST /api/v1/sites/{site}/zones/{zone}/undo", accounts.Count, inPath, byAPI},
		{"POST /api/v1/sites/{site}/tasks/{task}/done", accounts.DoTask, inPath, byAPI},
		{"POST /api/v1/sites/{site}/cases/{case}/outcome", accounts.EndCase, inPath, byAPI},
		{"POST /api/v1/sites/{site}/devices/{device}/calibration", accounts.Calibrate, inPath, byAPI},
		{"POST /api/v1/sites/{site}/devices/{device}/accuracy", accounts.Calibrate, inPath, byAPI},
		{"POST /api/v1/sites/{site}/devices/{device}/drift", accounts.Calibrate, inPath, byAPI},
		{"POST /api/v1/sites/{site}/devices/{device}/direction", accounts.Calibrate, inPath, byAPI},
		{"POST /api/v1/sites/{site}/level", accounts.SetLevel, inPath, byAPI},
		{"POST /api/v1/sites/{site}/level/end", accounts.SetLevel, inPath, byAPI},
		{"POST /api/v1/sites/{site}/limits", accounts.SetLimits, inPath, byAPI},
		{"POST /api/v1/sites/{site}/maintenance", accounts.Maintain, inPath, byAPI},
		{"POST /api/v1/sites/{site}/maintenance/end", accounts.Maintain, inPath, byAPI},
		{"POST /api/v1/refused/again", accounts.Operate, everywhere, byAPI},
		{"/api/", "", known, shows((*Server).noAPI)},
	}
}

func shows(f func(*Server, http.ResponseWriter, *http.Request) error) func(*Server) handlerFunc {
	return func(s *Server) handlerFunc {
		return func(w http.ResponseWriter, r *http.Request) error { return f(s, w, r) }
	}
}

func streams(name string) func(*Server) handlerFunc {
	return func(s *Server) handlerFunc { return s.stream(name) }
}

func enters(kind telemetry.EntryKind) func(*Server) handlerFunc {
	return func(s *Server) handlerFunc { return s.enterByForm(kind) }
}

func does(kind telemetry.EntryKind) func(*Server) handlerFunc {
	return func(s *Server) handlerFunc { return s.alertDeed(kind) }
}

func ends(kind telemetry.EntryKind) func(*Server) handlerFunc {
	return func(s *Server) handlerFunc { return s.endStanding(kind) }
}
