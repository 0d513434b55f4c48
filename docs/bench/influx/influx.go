// Package influx is as much of InfluxDB's HTTP interface as a measurement needs: databases are made, lines written, points counted.
package influx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// answerLimit bounds one request. Counting a million points takes seconds.
const answerLimit = 60 * time.Second

// DB is one database of an InfluxDB 1.8. It may be used by several goroutines.
type DB struct {
	URL, Name string
	client    *http.Client
}

// Open returns the database name of the server at url. It need not exist yet.
func Open(url, name string) *DB {
	return &DB{URL: url, Name: name, client: &http.Client{Timeout: answerLimit}}
}

// Series is where points lie and which of them are counted: those from From on and before To (Unix milliseconds) that have Field.
type Series struct {
	Measurement, Field string
	From, To           int64
}

// Create makes the database. It is no error if it exists.
func (db *DB) Create(ctx context.Context) error {
	if _, err := db.query(ctx, fmt.Sprintf("CREATE DATABASE %q", db.Name)); err != nil {
		return fmt.Errorf("creating database %q: %w", db.Name, err)
	}
	return nil
}

// Count is how many points there are, 0 if nothing was written yet.
func (db *DB) Count(ctx context.Context, s Series) (int64, error) {
	query := fmt.Sprintf("SELECT COUNT(%q) FROM %q WHERE time >= %dms AND time < %dms", s.Field, s.Measurement, s.From, s.To)
	n, err := db.query(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("counting %s.%s: %w", s.Measurement, s.Field, err)
	}
	return n, nil
}

// Write writes lines of line protocol with times in milliseconds. After an error some of them may have been written; writing them again
// does no harm.
func (db *DB) Write(ctx context.Context, lines []byte) error {
	query := url.Values{"org": {"-"}, "bucket": {db.Name}, "precision": {"ms"}}
	if _, err := db.do(ctx, http.MethodPost, "/api/v2/write?"+query.Encode(), lines); err != nil {
		return fmt.Errorf("writing to database %q: %w", db.Name, err)
	}
	return nil
}

// query runs an InfluxQL statement and returns the second column of its first row: the first is the time.
func (db *DB) query(ctx context.Context, influxql string) (int64, error) {
	form := url.Values{"db": {db.Name}, "q": {influxql}, "epoch": {"ms"}}
	text, err := db.do(ctx, http.MethodPost, "/query?"+form.Encode(), nil)
	if err != nil {
		return 0, err
	}
	var answer struct {
		Results []struct {
			Error  string
			Series []struct{ Values [][]json.Number }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, fmt.Errorf("reading the answer %q: %w", text, err)
	}
	if len(answer.Results) == 0 {
		return 0, fmt.Errorf("the answer %q has no result", text)
	}
	result := answer.Results[0]
	switch {
	case result.Error != "":
		return 0, errors.New(result.Error)
	case len(result.Series) == 0 || len(result.Series[0].Values) == 0 || len(result.Series[0].Values[0]) < 2:
		return 0, nil
	}
	return result.Series[0].Values[0][1].Int64()
}

func (db *DB) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, db.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := db.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(text))
	}
	return text, err
}
