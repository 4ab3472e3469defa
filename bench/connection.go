package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
)

// connection is an HTTP connection that stays open. It has no use for the HTTP
// client of the standard library, which costs more than most of the measured
// servers.
type connection struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr string) (*connection, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReader(c)}, nil
}

// get sends a request. An answer other than 200 with the text of the page is
// an error.
func (c *connection) get(request []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	status, err := c.line()
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the server answers %q", status)
	}
	length, err := c.headers()
	if err != nil {
		return err
	}
	if length != len(pageText) {
		return fmt.Errorf("the page has %d bytes, want %d", length, len(pageText))
	}
	text, err := c.r.Peek(length)
	if err != nil {
		return err
	}
	if string(text) != pageText {
		return fmt.Errorf("the page is %q", text)
	}
	_, err = c.r.Discard(length)
	return err
}

// headers reads to the end of the headers and returns the length of the body;
// 0 if no header has the length.
func (c *connection) headers() (length int, err error) {
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return length, err
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
}

func (c *connection) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
