// Package report makes the Secretariat's statistics (FCTC/MOP/3/5, para 24)
// out of the event log, and of nothing else: whoever has the log can
// recompute every number.
package report
