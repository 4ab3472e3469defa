package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// settingsCookie keeps the language and the zone that the person has chosen. It
// has no path, so the browser sends the cookie to the console only.
const settingsCookie = "rbac-console"

// readSettings sets the language and the zone that the person has chosen. The
// defaults are the language of the browser and UTC.
func (v *visit) readSettings() {
	lang, zone := v.chosen()
	v.lang = v.c.languages.find(lang, v.r.Header.Get("Accept-Language"))
	v.zone = time.UTC
	if loc, err := time.LoadLocation(zone); err == nil && zone != "Local" {
		v.zone = loc
	}
}

// chosen returns the settings in the cookie.
func (v *visit) chosen() (lang, zone string) {
	c, err := v.r.Cookie(settingsCookie)
	if err != nil {
		return "", ""
	}
	q, err := url.ParseQuery(c.Value)
	if err != nil {
		return "", ""
	}
	return q.Get("language"), q.Get("zone")
}

// settingsData is the data of the page of settings.
type settingsData struct {
	Languages []choice
	Zone      string
	Zones     []string
	Fault     string // about the zone
}

// A choice is an option of a list.
type choice struct {
	Value, Text string
	Chosen      bool
}

// someZones are proposed; any name of the IANA database will do.
var someZones = []string{
	"UTC", "America/Chicago", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "Asia/Hong_Kong",
	"Asia/Kolkata", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Europe/Berlin",
	"Europe/London", "Europe/Paris",
}

func (c *console) settings(v *visit) error { return v.showSettings(http.StatusOK, v.zone.String(), "") }

func (v *visit) showSettings(status int, zone, fault string) error {
	d := settingsData{Zone: zone, Zones: someZones, Fault: fault}
	for _, l := range v.c.languages.list {
		d.Languages = append(d.Languages, choice{l.tag.String(), l.name(), l == v.lang})
	}
	return v.show(status, "settings", frame{Data: d})
}

func (c *console) saveSettings(v *visit) error {
	zone := v.form("zone")
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" || zone == "" {
		return v.showSettings(http.StatusUnprocessableEntity, zone, v.T("settings.no zone", zone))
	}
	chosen := c.languages.find(v.form("language"))
	value := url.Values{"language": {chosen.tag.String()}, "zone": {zone}}.Encode()
	http.SetCookie(v.w, &http.Cookie{
		Name: settingsCookie, Value: value, MaxAge: 365 * 24 * 60 * 60,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: v.r.TLS != nil || strings.HasPrefix(c.guard.Site(), "https://"),
	})
	v.redirect(v.back())
	return nil
}
