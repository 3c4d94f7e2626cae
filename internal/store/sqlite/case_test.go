package sqlite

import (
	"strings"
	"testing"
	"time"

	"gsp.example/gsp/internal/gsp"
)

// oldCases makes a store with so many cases of the year 2001 that nobody
// answered.
func oldCases(tb testing.TB, n int) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), tb.TempDir(), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	err = s.write(tb.Context(), func(t *tx) error {
		return t.exec(`INSERT INTO case_file (`+caseColumns+`)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			SELECT '2001-KE-' || i, 'fr', 'ke', 1000000000000 + i, randomblob(32), 'ke', 1000000000000 + i FROM n`, n)
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// What the herald asks every hour must not grow with the cases that had their
// last reminder long ago.
func TestOldCasesAreNotLookedAt(t *testing.T) {
	s := oldCases(t, 1000)
	var id, parent, unused int
	var plan string
	row := s.row(t.Context(), "EXPLAIN QUERY PLAN "+pendingCases, 1, "", 2, 100)
	if err := row.Scan(&id, &parent, &unused, &plan); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(plan, "SEARCH case_file USING INDEX case_waiting ((since,id)>(?,?)") {
		t.Errorf("plan: got %q, want a search in case_waiting", plan)
	}
	cases, err := s.PendingCases(t.Context(), gsp.Case{}, time.Now(), 10)
	if err != nil || len(cases) != 10 || cases[9].ID != "2001-KE-10" {
		t.Errorf("pending cases: got %+v, %v, want the ten oldest", cases, err)
	}
}

func BenchmarkPendingCases(b *testing.B) {
	s := oldCases(b, 100_000)
	after, before := gsp.Case{Since: time.Now().AddDate(0, 0, -49)}, time.Now().AddDate(0, 0, -7)
	for b.Loop() {
		if cases, err := s.PendingCases(b.Context(), after, before, 100); err != nil || len(cases) > 0 {
			b.Fatalf("%d cases, %v, want none", len(cases), err)
		}
	}
}
