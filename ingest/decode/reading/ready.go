package reading

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
type decoding func(w *Worker, b *Binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault)

// Ready is a model made ready for the messages of a decoder.
type Ready struct {
	model.Mapping
	Written *Format
	Decode  decoding
	// State is what the decoder keeps for the format; nil: nothing.
	State any
	// Devices are those of all sites by lower-case address; nil where several sites have it.
	Devices map[string]*Binding
	// Nobody is the binding of messages of the family that are no device's.
	Nobody  Binding
	Ignored atomic.Uint64
}

// Prepare makes a model ready.
func (fs Formats) Prepare(def *model.Model) (*Ready, error) {
	f, wrong := fs.Find(def.Format)
	if wrong == nil {
		wrong = fs.taken(def.ID, f)
	}
	m := &Ready{Written: f, Decode: decodeMapped, Devices: make(map[string]*Binding)}
	m.Nobody.Model = m
	n := model.Notation{}
	if f != nil {
		n = f.notation()
		if f.Decode != nil {
			m.Decode = f.Decode
		}
	}
	mapped, problems := model.Compile(def, n, wrong)
	m.Mapping = *mapped
	return m, errors.Join(problems...)
}

// taken reports that an id is that of another format's only model.
func (fs Formats) taken(id string, f *Format) error {
	for _, other := range fs {
		if other.Builtin != nil && other.Builtin.ID == id && other != f {
			return fmt.Errorf("the %s model has format %s", id, other.Name)
		}
	}
	return nil
}

// PrepareAll adds the models that formats bring to models and makes all of them ready.
func (fs Formats) PrepareAll(models []model.Model) (map[string]*Ready, error) {
	all := make(map[string]*Ready, len(models)+1)
	var errs []error
	for i := range models {
		m, err := fs.Prepare(&models[i])
		errs = append(errs, err)
		if all[m.ID] != nil {
			errs = append(errs, &model.FieldError{Model: m.ID, Field: "id", Err: errors.New("another model has it")})
		}
		all[m.ID] = m
	}
	for _, f := range fs {
		if f.Builtin != nil && all[f.Builtin.ID] == nil {
			m, err := fs.Prepare(f.Builtin)
			errs = append(errs, err)
			all[m.ID] = m
		}
	}
	return all, errors.Join(errs...)
}

// Configured reports whether one of models has a device of the address, and only one.
func Configured(models []*Ready, address string) bool {
	address = strings.ToLower(address)
	for _, m := range models {
		if m.Devices[address] != nil {
			return true
		}
	}
	return false
}
