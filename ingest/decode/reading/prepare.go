package reading

import (
	"errors"
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/model"
)

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
