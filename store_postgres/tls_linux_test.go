package postgresstore_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Despite the wire below TLS, a password that is bound to TLS stays bound, and
// a commit over TLS is as safe as any other commit.
func TestTLS(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := free.Addr().(*net.TCPAddr).AddrPort().Port()
	must(t, free.Close())
	t.Setenv("PGPORT", strconv.Itoa(int(port))) // the name of the socket contains the port
	server := postgrestest.Start(t, "fsync=off", "listen_addresses=127.0.0.1", "port="+strconv.Itoa(int(port)))
	postgrestest.Exec(t, server.DSN(), "CREATE ROLE guarded LOGIN PASSWORD 'right'; CREATE SCHEMA AUTHORIZATION guarded")
	certificate(t, filepath.Join(server.Dir(), "data"))
	must(t, os.WriteFile(filepath.Join(server.Dir(), "data", "pg_hba.conf"), []byte("hostssl all guarded all scram-sha-256\nlocal all all trust\n"), 0o644))
	postgrestest.Exec(t, server.DSN(), "ALTER SYSTEM SET ssl = on")
	server.Stop(t)
	server.Launch(t)

	s := mustOpen(t, "host=127.0.0.1 user=guarded password=right dbname=postgres sslmode=require channel_binding=require", postgresstore.Options{})
	must(t, s.Update(t.Context(), nextRevision))
	if !s.Prepared() {
		t.Error("the connection was not prepared: its commits can be cancelled")
	}
}

// certificate makes a certificate for a server, which runs as the owner of the
// folder.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	info, err := os.Stat(dir)
	must(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	for name, block := range map[string]*pem.Block{"server.crt": {Type: "CERTIFICATE", Bytes: signed}, "server.key": {Type: "PRIVATE KEY", Bytes: secret}} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		must(t, os.Chown(path, int(owner.Uid), int(owner.Gid)))
	}
}
