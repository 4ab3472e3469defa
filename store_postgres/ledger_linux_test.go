package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// ledger records the changes of a process, one section after another.
type ledger struct {
	p                    *process
	stop                 atomic.Bool
	done                 sync.WaitGroup
	acknowledged, failed []string // a section in neither list may exist or not
	n                    int
	some                 chan struct{} // closed after 20 acknowledged sections
}

// keepsWriting lets a process make changes until the ledger is closed, and
// records the acknowledged changes. keepsWriting returns after the first 20
// acknowledgements.
func (p *process) keepsWriting() *ledger {
	l := &ledger{p: p, some: make(chan struct{})}
	l.done.Go(func() {
		for pause := time.NewTicker(5 * time.Millisecond); !l.stop.Load(); <-pause.C {
			l.write()
		}
	})
	p.s.t.Cleanup(l.close)
	<-l.some
	return l
}

func (l *ledger) write() {
	l.n++
	name := fmt.Sprint("section ", l.n)
	ctx, cancel := context.WithTimeout(background, maxStaleness)
	defer cancel()
	switch err := l.p.a.Update(ctx, func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: name}) }); {
	case err == nil:
		if l.acknowledged = append(l.acknowledged, name); len(l.acknowledged) == 20 {
			close(l.some)
		}
	case !noAnswer(err):
		l.p.s.t.Errorf("%s: %v", name, err)
	case !errors.Is(err, postgresstore.ErrCommitUnknown):
		l.failed = append(l.failed, name)
	}
}

func (l *ledger) close() {
	l.stop.Store(true)
	l.done.Wait()
}

// compare checks that a server has no failed change, and returns the
// acknowledged changes that are missing.
func (l *ledger) compare(server *postgrestest.Server) (missing []string) {
	t := l.p.s.t
	l.close()
	there := map[string]bool{}
	must(t, l.p.s.open(server.DSN(), rbac.Config{}, nil).View(background, func(tx *rbac.Tx) error {
		list, err := tx.Sections()
		for _, section := range list {
			there[section.Name] = true
		}
		return err
	}))
	for _, name := range l.failed {
		if there[name] {
			t.Errorf("%s is there, and its Update had failed", name)
		}
	}
	missing = slices.DeleteFunc(slices.Clone(l.acknowledged), func(name string) bool { return there[name] })
	t.Logf("%d changes acknowledged, %d of them missing; %d failed, of %d nothing is known", len(l.acknowledged), len(missing), len(l.failed), l.n-len(l.acknowledged)-len(l.failed))
	return missing
}
