package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
)

func TestSlowStreamsAreGivenUp(t *testing.T) {
	h := &hub{open: map[*subscription]struct{}{}}
	slow, err1 := h.subscribe("general", uuid.New())
	quick, err2 := h.subscribe("general", uuid.New())
	other, err3 := h.subscribe("attic", uuid.New())
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for i := range buffered + 1 {
		h.handOn(news{message: message{ID: int64(i), Room: "general"}})
		if n := <-quick.news; n.ID != int64(i) {
			t.Fatalf("who keeps up got %d, want %d", n.ID, i)
		}
	}
	n := 0
	for range slow.news {
		n++
	}
	if n != buffered {
		t.Errorf("who does not keep up got %d before the end, want %d", n, buffered)
	}
	if len(other.news) > 0 {
		t.Error("news of General came to the attic")
	}
	h.unsubscribe(slow) // a second time does no harm
	if len(h.open) != 2 {
		t.Errorf("%d are open, want 2", len(h.open))
	}
}

func TestStreamsOfAUserAreCounted(t *testing.T) {
	s := newSite(t)
	ann := s.as("ann")
	for i := range mostOpen {
		ann.listens("0").hears(fmt.Sprint("stream ", i), speaks)
	}
	resp, err := ann.Client.Get(s.URL + "/rooms/general/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one too many: %s", resp.Status)
	}
	s.as("bob").listens("0").hears("others are not concerned", speaks)
}
