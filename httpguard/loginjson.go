package httpguard

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

// jsonLogin neither sets nor reads the cookie, and ends no ticket in a cookie:
// the client keeps its token elsewhere.
func (g *Guard) jsonLogin(w http.ResponseWriter, r *http.Request, st *requestState) {
	var in struct {
		User     string   `json:"user"`
		Password string   `json:"password"`
		Groups   []string `json:"groups"` // can only narrow the ticket
		Device   *string  `json:"device"`
		Remember *bool    `json:"remember"`
	}
	if err := decodeStrictly(r.Body, &in); err != nil {
		g.refuseBody(w, r, err)
		return
	}
	if in.Remember != nil && !g.cfg.Remember {
		g.refuseBody(w, r, errors.New("Config.Remember is not set"))
		return
	}
	l := rbac.Login{User: in.User, Password: in.Password, Groups: in.Groups, Addr: st.counted, UserAgent: r.UserAgent(),
		Remember: in.Remember != nil && *in.Remember}
	if st.bearer {
		l.Replaces = st.token
	}
	if in.Device != nil {
		l.Device = *in.Device
	}
	t, err := g.a.Login(r.Context(), l)
	if err != nil {
		g.refuseJSON(w, r, err)
		return
	}
	device := ""
	if in.Device != nil {
		device = g.newDevice(r, t)
	}
	g.sendToken(w, r, t, device)
}

// decodeStrictly refuses unknown fields: a client that sends "expires" should
// learn that the field has no effect.
func decodeStrictly(r io.Reader, v any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if err := d.Decode(&struct{}{}); err != io.EOF {
		return errors.Join(errors.New("more than one JSON value"), err)
	}
	return nil
}

func (g *Guard) sendToken(w http.ResponseWriter, r *http.Request, t rbac.Token, device string) {
	out := struct {
		Token   string     `json:"token"`
		Expires *time.Time `json:"expires,omitempty"`
		Omitted []string   `json:"omitted,omitempty"`
		Device  string     `json:"device,omitempty"`
	}{Token: t.Secret(), Device: device}
	// The ticket exists, even if its end cannot be read: the login succeeded.
	if ticket, err := g.a.Ticket(r.Context(), t); err == nil {
		out.Expires, out.Omitted = &ticket.Expires, ticket.Omitted
	}
	body, err := json.Marshal(out)
	if err != nil {
		g.Deny(w, r, err)
		return
	}
	setPageHeaders(w.Header(), "application/json")
	g.signedIn(r)
	_, _ = w.Write(body)
}
