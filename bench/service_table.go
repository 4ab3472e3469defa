package main

import "slices"

// serviceTable is the table of the services.
func (r *report) serviceTable() string {
	lines := [][]string{{"service", "requests/s", "× no guard", "× gorilla/sessions and a map", "next request after a revoke", "copied cookie after a logout"}}
	for _, row := range r.services {
		lines = append(lines, []string{row.name, perSecond(median(row.samples)),
			r.serviceCell(row, openService), r.serviceCell(row, gorillaService),
			row.verdict(row.revokeSeen), row.verdict(row.logoutSeen)})
	}
	return table(lines)
}

// verdict prints whether a request is refused.
func (r *serviceRow) verdict(refused bool) string {
	switch {
	case r.open:
		return none
	case refused:
		return "refused"
	}
	return "**served**"
}

func (r *report) serviceCell(row *serviceRow, other string) string {
	if v, ok := r.serviceRatio(row.name, other); ok {
		return ratio(v)
	}
	return none
}

// serviceRatio returns the requests of one service as a multiple of the
// requests of another: the median of the ratios within one round.
func (r *report) serviceRatio(name, other string) (float64, bool) {
	a, b := r.serviceRow(name), r.serviceRow(other)
	if a == nil || b == nil {
		return 0, false
	}
	var ratios []float64
	for i := range min(len(a.samples), len(b.samples)) {
		ratios = append(ratios, b.samples[i]/a.samples[i])
	}
	return median(ratios), len(ratios) > 0
}

// serviceRow returns the row of a service; nil if the service was not measured.
func (r *report) serviceRow(name string) *serviceRow {
	i := slices.IndexFunc(r.services, func(row *serviceRow) bool { return row.name == name })
	if i < 0 {
		return nil
	}
	return r.services[i]
}
