package main

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/rbac-go/rbac"
)

// note is a note of an organisation.
type note struct {
	Author string `json:"author"`
	Text   string `json:"text"`
}

// notes keeps the notes of all organisations, in memory.
type notes struct {
	mu    sync.Mutex
	byOrg map[string][]note
}

func (n *notes) list(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	list := append([]note{}, n.byOrg[r.PathValue("org")]...)
	n.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(list)
}

func (n *notes) add(w http.ResponseWriter, r *http.Request) {
	var in note
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000)).Decode(&in); err != nil || in.Text == "" {
		http.Error(w, `send {"text": "…"}`, http.StatusBadRequest)
		return
	}
	in.Author = rbac.FromContext(r.Context()).User()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byOrg == nil {
		n.byOrg = map[string][]note{}
	}
	org := r.PathValue("org")
	n.byOrg[org] = append(n.byOrg[org], in)
	w.WriteHeader(http.StatusNoContent)
}
