package main

import (
	"io"
	"net/http"
	"strings"
)

// service is a way to guard the pages of a web service.
type service struct {
	name   string
	module string // the module whose version the report prints; empty: none
	open   bool   // every page is public
	load   func(w *world, pages []string) (*site, error)
}

// services are all that are compared, in the order of the table.
var services = []service{
	{name: openService, open: true, load: loadOpen},
	{name: guardService, load: loadGuard(loadMemory)},
	{name: "httpguard, SQLite", load: loadGuard(loadSQLite)},
	{name: "scs and casbin", module: scsModule, load: loadSCS(loadCasbinSynced)},
	{name: "scs and casbin, cached", module: scsModule, load: loadSCS(loadCasbinSyncedCached)},
	{name: gorillaService, module: gorillaModule, load: loadGorilla},
}

// The services that the table and the aims ask for by name.
const (
	openService    = "net/http, no guard"
	guardService   = "httpguard, memory"
	gorillaService = "gorilla/sessions and a map"
)

// site is a service that holds a world. GET /NAME is a page that needs the
// permission NAME. POST /login?user=NAME starts a session without asking for a
// password, and POST /logout ends the session of the cookie.
type site struct {
	http.Handler
	subject // decides and changes; nil if every page is public
}

func (s *site) close() error {
	if s.subject == nil {
		return nil
	}
	return s.subject.close()
}

// pageText is the text of every page.
var pageText = strings.Repeat("A page for those who may read this page.\n", 25)

// servePage is the handler behind every guard.
func servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, pageText)
}

func loadOpen(_ *world, pages []string) (*site, error) {
	mux := http.NewServeMux()
	for _, name := range pages {
		mux.HandleFunc("GET /"+name, servePage)
	}
	return &site{Handler: mux}, nil
}
