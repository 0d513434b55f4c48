package journaltest

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/accounts"
)

// keptAccounts wants rows of accounts as they were put last, beside records and after a crash.
func keptAccounts(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 5)
	row := func(kind accounts.Kind, id, account, body string) accounts.Row {
		return accounts.Row{Kind: kind, ID: id, Account: account, Body: []byte(body)}
	}
	sari, session := row(accounts.KindAccount, "a1", "a1", `{"id":"a1","name":"sari"}`), row(accounts.KindSession, "s1", "a1", `{"id":"s1"}`)
	same := row(accounts.KindToken, "a1", "a1", `{"id":"a1"}`) // of another kind: another row
	if err := j.KeepAccounts(t.Context(), []accounts.Row{sari, session, same}, nil); err != nil {
		t.Fatalf("keeping accounts: %v", err)
	}
	sari.Body = []byte(`{"id":"a1","name":"sari.dewi"}`)
	if err := j.KeepAccounts(t.Context(), []accounts.Row{sari}, []accounts.Row{{Kind: accounts.KindSession, ID: "s1"}, {Kind: accounts.KindSession, ID: "never"}}); err != nil {
		t.Fatalf("changing accounts: %v", err)
	}
	f.commit(t, j, 5)
	j = open(t, h.Crash(t))
	got, err := j.AccountRows(t.Context())
	if err != nil {
		t.Fatalf("reading accounts: %v", err)
	}
	slices.SortFunc(got, func(a, b accounts.Row) int { return cmp.Compare(a.Kind, b.Kind) })
	if want := []accounts.Row{sari, same}; !reflect.DeepEqual(got, want) {
		t.Errorf("after a crash: got %q, want %q", got, want)
	}
	has(t, "records beside accounts", j, f.content)
}
