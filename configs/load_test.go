package configs

import "testing"

func TestShippedExamplesHaveNoProblems(t *testing.T) {
	for name, load := range map[string]func() (*Config, error){
		"default": LoadDefault,
		"demo":    func() (*Config, error) { return Demo(t.TempDir()) },
		"on disk": func() (*Config, error) { return Load("gerbang.yaml") },
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load()
			if err != nil {
				t.Fatalf("got problems, want none:\n%v", err)
			}
			if len(c.Definitions()) != len(c.Sites) || len(c.Sites) == 0 {
				t.Errorf("got %d definitions for %d sites", len(c.Definitions()), len(c.Sites))
			}
		})
	}
}

func BenchmarkLoadDefault(b *testing.B) {
	for b.Loop() {
		if _, err := LoadDefault(); err != nil {
			b.Fatal(err)
		}
	}
}
