package main

import (
	"errors"
	"time"
)

// clientCount is the number of clients that ask a server at the same time.
const clientCount = 8

// clients ask one server at the same time, each over a connection of its own.
type clients struct {
	connections []*connection
	requests    [][]byte
}

func newClients(addr string, requests [][]byte) (*clients, error) {
	c := &clients{requests: requests}
	for range clientCount {
		one, err := dial(addr)
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.connections = append(c.connections, one)
	}
	return c, nil
}

// take returns the time of one request, in nanoseconds, while every connection
// sends one request after another for the time d.
func (c *clients) take(d time.Duration) (float64, error) {
	for _, one := range c.connections {
		if err := one.SetDeadline(time.Now().Add(d + time.Minute)); err != nil {
			return 0, err
		}
	}
	return throughput(len(c.connections), d, func(worker, i int) error {
		first := worker * len(c.requests) / len(c.connections)
		return c.connections[worker].get(c.requests[(first+i)%len(c.requests)])
	})
}

func (c *clients) close() error {
	var err error
	for _, one := range c.connections {
		err = errors.Join(err, one.Close())
	}
	return err
}
