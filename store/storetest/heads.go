package storetest

import (
	"math"

	"github.com/rbac-go/rbac/store"
)

var headRules = []rule{
	{"head zero", "The head is there, zero, in a new store.", func(w *world) {
		w.equal("Head", get(w, head), store.Head{})
		w.update(func(r store.Records) error {
			got, err := r.Head(store.ExclusiveLock)
			w.equal("Head with a lock", got, store.Head{})
			return err
		})
	}},
	{"head round trip", "The head is given back as it was set, with a lock and without, with all 64 bits of its nonce.", func(w *world) {
		heads := []store.Head{
			{Revision: 1, Nonce: math.MaxUint64}, {Revision: 2, Nonce: 1 << 63}, {Revision: 3}, {Revision: math.MaxInt64, Nonce: math.MaxInt64}, {},
		}
		for _, h := range heads {
			w.update(func(r store.Records) error { return r.SetHead(h) })
			w.equal("Head", get(w, head), h)
			w.update(func(r store.Records) error {
				got, err := r.Head(store.ExclusiveLock)
				w.equal("Head with a lock", got, h)
				return err
			})
		}
	}},
	{"head read your writes", "An Update reads the head that it set.", func(w *world) {
		h := store.Head{Revision: 7, Nonce: 8}
		w.update(func(r store.Records) error {
			if err := r.SetHead(h); err != nil {
				return err
			}
			got, err := r.Head(store.NoLock)
			w.equal("Head", got, h)
			return err
		})
	}},
}

func head(r store.Records) (store.Head, error) { return r.Head(store.NoLock) }
