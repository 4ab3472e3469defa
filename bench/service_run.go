package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// serviceRow holds the values of one service.
type serviceRow struct {
	service
	samples    []float64 // nanoseconds for one request, round by round
	revokeSeen bool      // the next request after a revoke is refused
	logoutSeen bool      // a copy of the cookie is refused after a logout
}

// compareServices measures how many requests each service answers over
// loopback, all in turns, in the smallest world.
func compareServices(services []service, budget time.Duration, progress func(string, ...any)) (rows []*serviceRow, err error) {
	w := newWorld(sizes[0])
	v := newVisits(newQuestions(w))
	var all []*series
	for _, s := range services {
		progress("services: %s", s.name)
		row := &serviceRow{service: s}
		running, err := row.start(w, v)
		if running != nil {
			defer running.stop()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		rows = append(rows, row)
		all = append(all, &series{column: s.name, take: running.clients.take})
	}
	progress("services: in turns")
	if err := interleave(all, budget); err != nil {
		return nil, err
	}
	for i, s := range all {
		rows[i].samples = s.values
	}
	return rows, nil
}

// runningSite is a site that listens, with its clients.
type runningSite struct {
	site    *site
	server  *http.Server
	clients *clients
}

// start loads and verifies a site. The site is returned with an error, too, and
// must be stopped.
func (r *serviceRow) start(w *world, v visits) (*runningSite, error) {
	s, err := r.load(w, v.pages())
	if err != nil {
		return nil, err
	}
	running := &runningSite{site: s}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return running, err
	}
	running.server = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = running.server.Serve(listener) }()
	addr := listener.Addr().String()
	on := newVisitor(addr, !r.open)
	defer on.CloseIdleConnections()
	requests, err := v.requests(on, addr)
	if err != nil {
		return running, err
	}
	if !r.open {
		if err := v.guarded(on); err != nil {
			return running, err
		}
		if r.revokeSeen, err = v.revokeSeen(on, s); err != nil {
			return running, err
		}
		if r.logoutSeen, err = v.logoutSeen(on); err != nil {
			return running, err
		}
	}
	running.clients, err = newClients(addr, requests)
	return running, err
}

func (r *runningSite) stop() error {
	var err error
	if r.clients != nil {
		err = r.clients.close()
	}
	if r.server != nil {
		err = errors.Join(err, r.server.Close())
	}
	return errors.Join(err, r.site.close())
}
