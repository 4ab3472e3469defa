package postgrestest

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
)

// Proxy is the address of a server for its clients, like the name or the
// virtual address of a service, and the network in between. The network can be
// cut. A Proxy is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	pumps    sync.WaitGroup

	mu      sync.Mutex
	to      *Server
	held    Direction
	refuse  bool
	changed chan struct{} // closed when held is replaced
	links   map[*link]struct{}
}

// Direction is the direction of the bytes, or both directions.
type Direction int

const (
	ToServer Direction = 1 << iota
	ToClient
	BothWays = ToServer | ToClient
)

// link is the connection of one client.
type link struct {
	client *net.TCPConn
	server net.Conn
	cut    chan struct{} // closed with the link
	once   sync.Once
}

// NewProxy makes a proxy in front of a server, on the loopback interface. The
// proxy ends with the test.
func NewProxy(t testing.TB, to *Server) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, to: to, changed: make(chan struct{}), links: map[*link]struct{}{}}
	p.pumps.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.Refuse()
		p.pumps.Wait()
	})
	return p
}

// DSN returns the DSN of an administrator of the server behind the proxy.
func (p *Proxy) DSN() string {
	return fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", admin, p.listener.Addr())
}

// Point leads new connections to another server. Existing connections stay with
// their server.
func (p *Proxy) Point(to *Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

// Hold delays all data in a direction without closing anything, like a network
// that loses packets. The data arrives after Heal, unless the sender has given
// up by then. New connections are delayed as well.
func (p *Proxy) Hold(d Direction) { p.set(d, false) }

// Refuse breaks all connections, including new connections until Heal.
func (p *Proxy) Refuse() {
	p.set(0, true)
	p.Reset()
}

// Heal ends the effects of Hold and Refuse.
func (p *Proxy) Heal() { p.set(0, false) }

func (p *Proxy) set(held Direction, refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held, p.refuse = held, refuse
	close(p.changed)
	p.changed = make(chan struct{})
}

// Reset breaks the existing connections at once and on both sides (RST, not
// FIN).
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.reset()
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.pumps.Go(func() { p.join(client.(*net.TCPConn)) })
	}
}

// join connects a client with the server until either side ends the connection.
func (p *Proxy) join(client *net.TCPConn) {
	p.mu.Lock()
	to := p.to
	p.mu.Unlock()
	server, err := net.Dial("unix", filepath.Join(to.dir, ".s.PGSQL.5432"))
	if err != nil {
		client.Close()
		return
	}
	l := &link{client: client, server: server, cut: make(chan struct{})}
	p.mu.Lock()
	refuse := p.refuse
	p.links[l] = struct{}{}
	p.mu.Unlock()
	if refuse {
		l.reset()
	}
	p.pumps.Go(func() { p.pump(l, server, client, ToServer) })
	p.pump(l, client, server, ToClient)
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

func (l *link) reset() {
	_ = l.client.SetLinger(0) // closing the connection sends RST
	l.close()
}

func (l *link) close() {
	l.once.Do(func() {
		close(l.cut)
		l.client.Close()
		l.server.Close()
	})
}

// pump copies data from one side to the other, as far as the network allows.
func (p *Proxy) pump(l *link, to io.Writer, from io.Reader, d Direction) {
	defer l.close()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if !p.passes(l, d) {
			return
		}
		if _, err1 := to.Write(buf[:n]); err != nil || err1 != nil {
			return
		}
	}
}

// passes waits until a direction is open. passes reports false if the link is
// closed.
func (p *Proxy) passes(l *link, d Direction) bool {
	for {
		p.mu.Lock()
		held, changed := p.held&d != 0, p.changed
		p.mu.Unlock()
		if !held {
			return true
		}
		select {
		case <-changed:
		case <-l.cut:
			return false
		}
	}
}
