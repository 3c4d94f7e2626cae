package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// statements keeps prepared statements of the readers.
type statements struct {
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

// prepared returns the prepared form of query, which must be a constant.
func (s *Store) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	s.kept.mu.RLock()
	stmt := s.kept.byText[query]
	s.kept.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	if stmt := s.kept.byText[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.readers.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if s.kept.byText == nil {
		s.kept.byText = map[string]*sql.Stmt{}
	}
	s.kept.byText[query] = stmt
	return stmt, nil
}

func (s *Store) row(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return s.readers.QueryRowContext(ctx, query, args...) // for its error
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (s *Store) rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}
