package console

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/findings"
)

// foundList holds findings. They are computed on request and kept for a while,
// since they read many records.
type foundList struct {
	mu        sync.Mutex
	computing bool
	at        time.Time // zero: never
	list      []findings.Finding
}

const (
	keepFindings = 10 * time.Minute
	findTime     = time.Minute // for computing the findings
)

// get returns the findings, and the time at which they were computed. One
// request computes the findings; other requests meanwhile get the former
// findings. If the findings cannot be computed, get logs the reason, returns
// the former findings, and reports false. The next request tries again.
func (f *foundList) get(ctx context.Context, a *rbac.Authority, now time.Time) ([]findings.Finding, time.Time, bool) {
	f.mu.Lock()
	age := now.Sub(f.at)
	if f.computing || !f.at.IsZero() && age >= 0 && age < keepFindings {
		defer f.mu.Unlock()
		return f.list, f.at, true
	}
	f.computing = true
	f.mu.Unlock()
	list, err := compute(ctx, a)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.computing = false; err == nil {
		f.list, f.at = list, now
	} else {
		a.Config().Logger.LogAttrs(ctx, slog.LevelError, "rbac: the findings cannot be computed", slog.Any("error", err))
	}
	return f.list, f.at, err == nil
}

// compute computes the findings, even if the request ends meanwhile: the next
// request can use the findings. A panic is an error.
func compute(ctx context.Context, a *rbac.Authority) (list []findings.Finding, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), findTime)
	defer cancel()
	err = a.View(ctx, func(tx *rbac.Tx) (err error) {
		list, err = findings.Find(tx, a.Config().Protected)
		return err
	})
	return list, err
}

// findingRow is a finding on a page, with links to its first records.
type findingRow struct {
	Kind    findings.Kind
	Address string // of the page with all of them
	Records []findingLink
	More    string // how many other records there are, in words; empty: none
}

// findingLink is a record of a finding.
type findingLink struct{ Text, Detail, Address string }

const shownNames = 5

func (v *visit) findingRows(list []findings.Finding) []findingRow {
	rows := make([]findingRow, len(list))
	for i, f := range list {
		rows[i] = findingRow{Kind: f.Kind, Address: address("finding", "kind", string(f.Kind))}
		for _, r := range f.Records[:min(len(f.Records), shownNames)] {
			rows[i].Records = append(rows[i].Records, v.findingLink(f.Kind, r))
		}
		switch rest := f.Count - len(rows[i].Records); {
		case f.More:
			rows[i].More = v.T("n more", grouped(f.Count)+"+")
		case rest > 0:
			rows[i].More = v.N("n more", rest)
		}
	}
	return rows
}

// findingData is the data of the page with the records of a finding.
type findingData struct {
	Kind    findings.Kind
	At      time.Time
	Time    string // the key of the name of the column of times; empty: no such column
	Details bool   // the records have details
	Records part[findingRecord]
	More    bool // there are others
}

// findingRecord is a record with its time.
type findingRecord struct {
	findingLink
	At time.Time
}

// findingTimes are the names of the times of records, by their keys.
var findingTimes = map[findings.Kind]string{
	findings.DisabledHolders: "last login", findings.IdleUsers: "last login", findings.OldKeys: "created",
}

// finding lists the records of a finding: exactly those that the overview
// counts.
func (c *console) finding(v *visit) error {
	kind := findings.Kind(v.query("kind"))
	key := "finding." + string(kind)
	if builtIn[0].T(key) == key {
		return rbac.ErrNotFound
	}
	list, at, ok := c.found.get(v.r.Context(), c.auth, v.now)
	if !ok && at.IsZero() {
		return rbac.ErrUnavailable
	}
	d := findingData{Kind: kind, At: at, Time: findingTimes[kind]}
	var records []findingRecord
	for _, f := range list {
		if f.Kind != kind {
			continue
		}
		d.More = f.More
		for _, r := range f.Records {
			link := v.findingLink(kind, r)
			d.Details = d.Details || link.Detail != ""
			records = append(records, findingRecord{link, r.At})
		}
	}
	d.Records = partOf(v, records, "records")
	return v.show(http.StatusOK, "finding", frame{Title: v.T(key), Parents: []crumb{{v.T("overview"), "./"}}, Data: d})
}

func (v *visit) findingLink(kind findings.Kind, r findings.Record) findingLink {
	switch kind {
	case findings.DisabledHolders:
		return findingLink{r.User, r.Permission, address("user", "name", r.User)}
	case findings.EndingMemberships:
		detail := r.Group
		if r.Scope != "" {
			detail += " " + v.T("in scope", r.Scope)
		}
		return findingLink{r.User, detail + ", " + r.At.In(v.zone).Format(time.DateOnly), address("user", "name", r.User)}
	case findings.IdleUsers:
		return findingLink{r.User, "", address("user", "name", r.User)}
	case findings.EmptyGroups:
		return findingLink{r.Group, "", address("group", "name", r.Group)}
	case findings.UnmatchedPatterns:
		return findingLink{r.Group, r.Permission, address("group", "name", r.Group)}
	case findings.UnheldPermissions:
		return findingLink{r.Permission, "", address("permission", "name", r.Permission)}
	case findings.NearSets:
		return findingLink{r.Set, "", "separation"}
	case findings.OldKeys:
		user := r.User
		if r.Label == "" {
			user = ""
		}
		return findingLink{cmp.Or(r.Label, r.User), user, address("sessions", "kind", "key", "user", r.User)}
	}
	return findingLink{}
}
