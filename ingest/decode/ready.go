package decode

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// decoding reads the payload of one message from b and appends records to dst. It returns NotReading for a message that is
// understood and carries no reading.
type decoding func(w *worker, b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault)

// ready is a model made ready for the messages of a decoder.
type ready struct {
	model.Mapping
	format *Format
	decode decoding
	// state is what the decoder keeps for the format; nil: nothing.
	state any
	// devices are those of all sites by lower-case address; nil where several sites have it.
	devices map[string]*binding
	// nobody is the binding of messages of the family that are no device's.
	nobody  binding
	ignored atomic.Uint64
}

// prepare makes a model ready.
func prepare(def *model.Model) (*ready, error) {
	f, wrong := formatOf(def.Format)
	if wrong == nil {
		wrong = taken(def.ID, f)
	}
	m := &ready{format: f, decode: decodeMapped, devices: make(map[string]*binding)}
	m.nobody.model = m
	n := model.Notation{}
	if f != nil {
		n = f.notation()
		if f.decode != nil {
			m.decode = f.decode
		}
	}
	mapped, problems := model.Compile(def, n, wrong)
	m.Mapping = *mapped
	return m, errors.Join(problems...)
}

// taken reports that an id is that of another format's only model.
func taken(id string, f *Format) error {
	for _, other := range formats {
		if other.builtin != nil && other.builtin.ID == id && other != f {
			return fmt.Errorf("the %s model has format %s", id, other.Name)
		}
	}
	return nil
}

// prepareAll adds the models that formats bring to models and makes all of them ready.
func prepareAll(models []model.Model) (map[string]*ready, error) {
	all := make(map[string]*ready, len(models)+1)
	var errs []error
	for i := range models {
		m, err := prepare(&models[i])
		errs = append(errs, err)
		if all[m.ID] != nil {
			errs = append(errs, &model.FieldError{Model: m.ID, Field: "id", Err: errors.New("another model has it")})
		}
		all[m.ID] = m
	}
	for _, f := range formats {
		if f.builtin != nil && all[f.builtin.ID] == nil {
			m, err := prepare(f.builtin)
			errs = append(errs, err)
			all[m.ID] = m
		}
	}
	return all, errors.Join(errs...)
}

// Validate reports all problems of a model at once, each a *FieldError (errors.Join).
func Validate(m *model.Model) error {
	_, err := prepare(m)
	return err
}

// TopicsOf are the topic patterns of a model: its own, or where it has none those of the format.
func TopicsOf(m *model.Model) []string {
	if f, err := formatOf(m.Format); m.Match == nil && err == nil {
		return f.topics
	}
	return m.Match
}

// configured reports whether one of models has a device of the address, and only one.
func configured(models []*ready, address string) bool {
	address = strings.ToLower(address)
	for _, m := range models {
		if m.devices[address] != nil {
			return true
		}
	}
	return false
}
