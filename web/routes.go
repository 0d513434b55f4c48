package web

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// routes is every address of the server. No GET changes anything.
func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handlerFunc{
		"GET /{$}":                                 s.overview,
		"GET /site/{site}":                         s.site,
		"GET /site/{site}/zone/{zone}":             s.zone,
		"GET /site/{site}/what-if":                 s.whatIf,
		"GET /site/{site}/zone/{zone}/what-if":     s.whatIf,
		"GET /site/{site}/task/{task}":             s.task,
		"POST /site/{site}/task/{task}/done":       s.taskByForm,
		"GET /site/{site}/compliance":              s.compliance,
		"GET /sign/{site}/{zone}":                  s.sign,
		"GET /alerts":                              s.alerts,
		"GET /rejections":                          s.rejections,
		"GET /readings":                            s.readings,
		"GET /refused":                             s.refused,
		"POST /refused/again":                      s.sendAgain,
		"GET /devices":                             s.strangers,
		"GET /status":                              s.status,
		"GET /live/overview":                       s.stream("overview"),
		"GET /live/site/{site}":                    s.stream("site"),
		"GET /live/sign/{site}/{zone}":             s.stream("sign"),
		"GET /live/site/{site}/zone/{zone}":        s.stream("zone"),
		"POST /alert/{alert}/acknowledge":          s.acknowledge,
		"POST /site/{site}/zone/{zone}/count":      s.enterByForm(telemetry.EntryCount),
		"POST /site/{site}/zone/{zone}/correction": s.enterByForm(telemetry.EntryCorrection),
		"GET /site/{site}/level":                   s.level,
		"POST /site/{site}/level":                  s.chooseLevel,
		"POST /site/{site}/level/end":              s.endStanding(telemetry.EntryLevel),
		"GET /site/{site}/maintenance":             s.maintenance,
		"POST /site/{site}/maintenance":            s.beginMaintenance,
		"POST /site/{site}/maintenance/end":        s.endStanding(telemetry.EntryMaintenance),
		"POST /site/{site}/case/{case}/outcome":    s.endCase,
		"POST /site/{site}/calibration":            s.calibrate,
		"POST /listen":                             s.listen(true),
		"POST /listen/stop":                        s.listen(false),
		"GET /login":                               s.login,
		"POST /token":                              s.takeToken,
		"POST /logout":                             s.logout,
		"GET /healthz":                             s.healthz,
		"GET /readyz":                              s.readyz,
		"GET /static/{file...}":                    s.assets.serve,
		"/":                                        func(http.ResponseWriter, *http.Request) error { return errNoPage },
	} {
		mux.Handle(pattern, s.handle(h))
	}
	if err := s.api(mux); err != nil {
		return nil, err
	}
	if s.opts.Gatherer != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(s.opts.Gatherer, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	}
	if s.opts.Push != nil {
		mux.Handle("/ingest/", s.opts.Push)
	}
	// From the inside out: who may come in is asked after where the request comes from.
	var h http.Handler = mux
	h = limitBody(h)
	h = s.remember(h)
	h = s.admit(h)
	h = s.sameOrigin(h)
	h = s.ownHost(h)
	return s.secure(s.base.within(h)), nil
}
