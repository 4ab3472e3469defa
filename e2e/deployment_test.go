package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/internal/proxytest"
)

// atHost is the Guard of docs/deployment.md for a service at a host.
func atHost(auth *rbac.Authority) *httpguard.Guard {
	guard := httpguard.New(auth, httpguard.Config{
		Site:       "https://app.example.com",
		ClientAddr: httpguard.ForwardedFor(netip.MustParsePrefix("127.0.0.1/32")),
	})
	return guard
}

// atPrefix is the Guard for a service below /blog.
func atPrefix(auth *rbac.Authority) *httpguard.Guard {
	blog := httpguard.New(auth, httpguard.Config{
		Site:       "https://app.example.com",
		BasePath:   "/blog",
		ClientAddr: httpguard.ForwardedFor(netip.MustParsePrefix("127.0.0.1/32")),
	})
	return blog
}

// The configurations of docs/deployment.md, with the ports and certificates of
// the test in place of their own, lead a client in and out, and let nobody make
// up an address.
func TestProxies(t *testing.T) {
	text, err := os.ReadFile("../docs/deployment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"nginx", "caddyfile"} {
		blocks := regexp.MustCompile("(?s)```"+kind+"\n(.*?)```").FindAllStringSubmatch(string(text), -1)
		if len(blocks) != 2 {
			t.Fatalf("the document has %d configurations of %s, want one for a host and one for a prefix", len(blocks), kind)
		}
		onPort := strings.NewReplacer("listen 443 ssl", "listen 8443 ssl", "app.example.com {", "app.example.com:8443 {").Replace(blocks[0][1])
		for _, c := range []proxied{
			{"host", blocks[0][1], "https://app.example.com", "", atHost},
			{"prefix", blocks[1][1], "https://app.example.com", "/blog", atPrefix},
			{"port", onPort, "https://app.example.com:8443", "", func(auth *rbac.Authority) *httpguard.Guard {
				return httpguard.New(auth, httpguard.Config{
					Site: "https://app.example.com:8443", ClientAddr: httpguard.ForwardedFor(netip.MustParsePrefix("127.0.0.1/32")),
				})
			}},
		} {
			t.Run(kind+"/"+c.name, func(t *testing.T) { c.test(t, kind) })
		}
	}
}

// proxied is a service behind a proxy.
type proxied struct {
	name, config, site, base string
	guard                    func(*rbac.Authority) *httpguard.Guard
}

func (c proxied) test(t *testing.T, kind string) {
	backend := httptest.NewServer(newGuardedBy(t, c.base, c.guard))
	t.Cleanup(backend.Close)
	dir := t.TempDir()
	roots := newCertificate(t, dir)
	secure, plain := proxytest.Address(t), proxytest.Address(t)
	proxytest.Start(t, kind, dir, secure, strings.NewReplacer(
		"listen 443 ssl", "listen "+secure+" ssl", "listen 8443 ssl", "listen "+secure+" ssl", "listen 80", "listen "+plain,
		"/var/log/nginx/app.log", filepath.Join(dir, "access.log"), "/var/log/caddy/app.log", filepath.Join(dir, "access.log"),
		"/etc/ssl/app.example.com", filepath.Join(dir, "cert"), "127.0.0.1:8080", strings.TrimPrefix(backend.URL, "http://"),
		"app.example.com:8443 {", "https://app.example.com:"+port(secure)+" {\n\ttls "+dir+"/cert.pem "+dir+"/cert.key",
		"app.example.com {", "https://app.example.com {\n\ttls "+dir+"/cert.pem "+dir+"/cert.key",
	).Replace(c.config))
	v := newVisitor(t, roots, map[string]string{"443": secure, "8443": secure, "80": plain})

	v.get(c.site+c.base+"/report/?a=b", 200, "/login?came_from=", "Sign in")
	login := c.site + c.base + "/login?came_from=" + url.QueryEscape(c.base+"/report/?a=b")
	v.post(login, "https://evil.example", 403)
	v.post(login, c.site, 200)
	v.get(c.site+c.base+"/report/?a=b", 200, "/report/?a=b", "The report, amy")
	for _, cookie := range v.cookies {
		if !cookie.Secure || !strings.HasPrefix(cookie.Name, "__") {
			t.Errorf("the cookie %s is not protected", cookie)
		}
	}
	v.header.Set("X-Forwarded-For", "127.0.0.2")
	v.get(c.site+c.base+"/near", 403, "/near")
	v.header.Del("X-Forwarded-For")
	v.from = "127.0.0.2"
	v.get(c.site+c.base+"/near", 200, "/near", "The near one")
	v.post(c.site+c.base+"/logout", c.site, 200)
	v.get(c.site+c.base+"/report/", 200, "/login?came_from=", "Sign in")
	// The log has the path of a password link, and not the secret.
	const secret = "SecretOfALink"
	v.header.Set("Referer", c.site+c.base+"/password?link="+secret)
	v.get(c.site+c.base+"/password?link="+secret, 404, "/password")
	v.header.Del("Referer")
	if v.hsts != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security is %q", v.hsts)
	}
	if strings.Contains(c.config, "return 301") {
		v.get("http://app.example.com/password?link="+secret, 404, "/password")
		v.get("http://app.example.com/report/", 200, "/login?came_from=")
		if v.last.Scheme != "https" {
			t.Errorf("plain HTTP leads to %s", v.last)
		}
	}
	if kind == "caddyfile" && c.name == "port" {
		return // the port of the test is not that of the requests, so Caddy does not log the requests
	}
	log := readLog(t, filepath.Join(dir, "access.log"), c.base+"/password")
	if strings.Contains(log, secret) || strings.Contains(log, "came_from") {
		t.Errorf("the access log contains queries:\n%s", log)
	}
}

// readLog returns a log once the log has a text.
func readLog(t *testing.T, path, text string) string {
	t.Helper()
	var log []byte
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
		log, _ = os.ReadFile(path)
		if strings.Contains(string(log), text) {
			return string(log)
		}
	}
	t.Fatalf("the access log has no line of %s:\n%s", text, log)
	return ""
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// newCertificate writes cert.pem and cert.key for app.example.com, and returns
// the roots of a client that trusts the certificate.
func newCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"app.example.com"}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	for name, data := range map[string][]byte{
		"cert.pem": certPEM, "cert.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return roots
}

// visitor is an HTTP client that finds app.example.com at the ports of the
// test.
type visitor struct {
	t       *testing.T
	client  *http.Client
	header  http.Header
	from    string // the address of the client
	last    *url.URL
	body    string
	hsts    string         // the header Strict-Transport-Security of the last response
	cookies []*http.Cookie // that the last responses have set
}

func newVisitor(t *testing.T, roots *x509.CertPool, ports map[string]string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, header: http.Header{"Accept": {"text/html"}}, from: "127.0.0.1"}
	v.client = &http.Client{Jar: jar, Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(v.from)}}
			return dialer.DialContext(ctx, network, ports[port(addr)])
		},
	}}
	return v
}

// get follows the redirects of an address, and expects a status, a part of the
// last address, and texts on the page.
func (v *visitor) get(address string, status int, at string, texts ...string) {
	v.t.Helper()
	v.do("GET", address, nil, status)
	if !strings.Contains(v.last.String(), at) {
		v.t.Errorf("GET %s leads to %s, want %s", address, v.last, at)
	}
	for _, text := range texts {
		if !strings.Contains(v.body, text) {
			v.t.Errorf("GET %s: %q is not on the page:\n%s", address, text, v.body)
		}
	}
}

// post sends amy's login from a page of an origin.
func (v *visitor) post(address, origin string, status int) {
	v.t.Helper()
	v.header.Set("Origin", origin)
	defer v.header.Del("Origin")
	v.do("POST", address, url.Values{"user": {"amy"}, "password": {"amyspass"}}, status)
}

// do sends a request, follows redirects, and expects the status of the last
// response.
func (v *visitor) do(method, address string, form url.Values, status int) {
	v.t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header = v.header.Clone()
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	v.client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		v.cookies = append(v.cookies, req.Response.Cookies()...)
		if len(via) > 5 {
			return fmt.Errorf("too many redirects")
		}
		return nil
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.hsts = resp.Header.Get("Strict-Transport-Security")
	v.last, v.body, v.cookies = resp.Request.URL, string(body), append(v.cookies, resp.Cookies()...)
	if resp.StatusCode != status {
		v.t.Errorf("%s %s: %s at %s, want %d\n%s", method, address, resp.Status, v.last, status, body)
	}
}
