package reading

import "github.com/gerbang-iot/gerbang/ingest/decode/document"

// Wanted applies the model's When.
func (m *Ready) Wanted(w *Worker, doc *document.Document) bool {
	return w.passes(&m.Filter, doc, document.Found{})
}

// passes reports whether a message, or the element at v, is wanted, and explains why not.
func (w *Worker) passes(f *document.Filter, doc *document.Document, v document.Found) bool {
	process, ignore := f.Refusing(doc, v)
	switch {
	case w.Trace == nil:
	case process >= 0:
		w.Explainf("filter", "not a reading: when.process[%d] does not hold (%s)", process, f.Process[process].Path.Text)
	case ignore >= 0:
		w.Explainf("filter", "not a reading: when.ignore[%d] holds (%s)", ignore, f.Ignore[ignore].Path.Text)
	}
	return process < 0 && ignore < 0
}
