package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// listen refuses every address that another computer could reach: the passwords of
// the sample users are known to everybody, and what is sent is not encrypted.
func listen(addr string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	if !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("%q is not a loopback address such as 127.0.0.1:8082: the sample users have known passwords, so nobody else may reach them", addr)
	}
	return net.ListenTCP("tcp", resolved)
}

// serve answers requests until ctx ends, and then finishes those that have begun. A stream would never
// be finished, and Shutdown ends none: endStreams does.
func serve(ctx context.Context, l net.Listener, h http.Handler, endStreams func()) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // streams set their own: see events.go
		IdleTimeout:       2 * time.Minute,
	}
	server.RegisterOnShutdown(endStreams)
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
