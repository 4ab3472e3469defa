package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Listen listens on a loopback address, and refuses every address that another
// computer could reach: the passwords of the sample users are public, and
// nothing is encrypted.
func Listen(addr string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	if !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("%q is not a loopback address such as 127.0.0.1:8080: the sample users have known passwords, so nobody else may reach them", addr)
	}
	return net.ListenTCP("tcp", resolved)
}

// Serve answers requests until ctx ends, and then finishes the requests that
// have begun. Streams never end by themselves: endStreams must end all streams.
// Nil means that the program has none.
func Serve(ctx context.Context, l net.Listener, h http.Handler, endStreams func()) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // a stream sets deadlines of its own
		IdleTimeout:       2 * time.Minute,
	}
	if endStreams != nil {
		server.RegisterOnShutdown(endStreams)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
