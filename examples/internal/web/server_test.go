package web

import "testing"

func TestOnlyLoopbackAddresses(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "nonsense", ""} {
		if l, err := Listen(addr); err == nil {
			t.Errorf("listens on %q, where others can sign in with the known passwords", addr)
			l.Close()
		}
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
