package adapters

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// openID signs browsers in at an OpenID Connect provider.
type openID struct {
	auth   *rbac.Authority
	guard  *httpguard.Guard
	config oauth2.Config // with the scope openid, and the URL of done as RedirectURL
	parser *jwt.Parser   // newJWTParser(issuer, the client's id)
	key    jwt.Keyfunc
}

const openIDCookie = "__Host-openid"

// begin sends the browser to the provider. Serve begin at Config.LoginPath.
func (o *openID) begin(w http.ResponseWriter, r *http.Request) {
	to, ok := o.guard.CameFrom(r)
	if !ok {
		to = "/"
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("nonce", nonce),
		oauth2.SetAuthURLParam("max_age", "28800")} // in seconds; makes the provider send auth_time
	if !rbac.FromContext(r.Context()).IsAnonymous() {
		// The user needs a fresh login (AuthenticatedWithin), or switches users.
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	value := strings.Join([]string{state, nonce, verifier, base64.RawURLEncoding.EncodeToString([]byte(to))}, ".")
	http.SetCookie(w, &http.Cookie{Name: openIDCookie, Value: value, Path: "/", MaxAge: 600, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, o.config.AuthCodeURL(state, options...), http.StatusSeeOther)
}

// done serves the URL to which the provider sends the browser back.
func (o *openID) done(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	login, to, err := o.login(r)
	if err != nil {
		http.Error(w, "The login did not succeed. Please open the page that you wanted once more.", http.StatusBadRequest)
		return
	}
	t, err := o.auth.Issue(r.Context(), login)
	if errors.Is(err, rbac.ErrNotFound) {
		err = &rbac.Error{Kind: rbac.ErrDenied, Record: "user", Reason: "you have no account"}
	}
	if err != nil {
		o.guard.Deny(w, r, err) // a disabled user gets a page, not another login
		return
	}
	o.guard.SetTicket(w, r, t)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

var errOpenID = errors.New("no answer to a login that this browser began")

// login verifies the provider's answer, and returns the login and its target.
func (o *openID) login(r *http.Request) (l rbac.Login, to string, err error) {
	c, err := r.Cookie(openIDCookie)
	if err != nil {
		return l, "", err
	}
	part := strings.Split(c.Value, ".") // state, nonce, verifier, target
	if len(part) != 4 || subtle.ConstantTimeCompare([]byte(part[0]), []byte(r.URL.Query().Get("state"))) != 1 {
		return l, "", errOpenID
	}
	answer, err := o.config.Exchange(r.Context(), r.URL.Query().Get("code"), oauth2.VerifierOption(part[2]))
	if err != nil {
		return l, "", err
	}
	var claims struct {
		jwt.RegisteredClaims
		Nonce    string          `json:"nonce"`
		AuthTime jwt.NumericDate `json:"auth_time"`
	}
	token, _ := answer.Extra("id_token").(string)
	if _, err := o.parser.ParseWithClaims(token, &claims, o.key); err != nil {
		return l, "", err
	}
	if claims.Nonce != part[1] || claims.AuthTime.IsZero() {
		return l, "", errOpenID
	}
	target, err := base64.RawURLEncoding.DecodeString(part[3])
	// Without AuthenticatedAt, an old session would count as a new login.
	return rbac.Login{Subject: claims.Subject, AuthenticatedAt: claims.AuthTime.Time, Replaces: o.guard.Token(r)}, string(target), err
}
