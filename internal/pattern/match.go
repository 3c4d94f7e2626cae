package pattern

import "gsp.example/gsp/internal/gsp"

// Match appends to to the entries that u fits, in no particular order, and
// returns it: the engine alone, without spelling, ranking and sentences. u
// must be canonical or masked; in another spelling it fits nothing. Match
// allocates only what to lacks.
func (l *Library) Match(u gsp.UIM, to []*Entry) []*Entry {
	code := u.Reveal()
	l.engine.match(code, func(m *member) {
		if (m.plain || m.row.passes(code)) && (m.alone || m.row.leads(code)) {
			to = append(to, m.entry)
		}
	})
	return to
}

// leads reports whether no earlier row of the entry fits code too, so that an
// entry is counted once.
func (r *row) leads(code string) bool {
	rows := r.entry.rows
	for i := range rows[:r.place] {
		if rows[i].fits(code) {
			return false
		}
	}
	return true
}
