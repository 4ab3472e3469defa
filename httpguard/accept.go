package httpguard

import (
	"net/http"
	"strconv"
	"strings"
)

// isBrowser reports whether the client shows the answer to a person: it would
// rather have HTML than JSON, and is not a script or a part of a page. Everyone
// else is taken for a program, which has no use for a login page. Sec-Fetch-Mode
// and Sec-Fetch-Dest are set by the browser itself, never by a script.
func isBrowser(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	if mode != "" && mode != "navigate" || !pageDest[r.Header.Get("Sec-Fetch-Dest")] {
		return false
	}
	accept := strings.Join(r.Header["Accept"], ",")
	if mode == "navigate" && accept == "" {
		return true
	}
	html, json := quality(accept, "text", "html"), max(quality(accept, "application", "json"), quality(accept, "application", "problem+json"))
	return html > json || mode == "navigate" && html > 0 && html == json // */*
}

// pageDest are the destinations of pages; "empty" goes with scripts only.
var pageDest = map[string]bool{"": true, "document": true, "frame": true, "iframe": true, "fencedframe": true, "embed": true, "object": true}

// quality is the weight that an Accept header gives a media type: that of the
// most specific range that includes it (RFC 9110 §12.5.1), zero if none does.
func quality(accept, typ, subtype string) float64 {
	best, q := 0, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		media, params, _ := strings.Cut(item, ";")
		specific := 0
		switch strings.ToLower(strings.TrimSpace(media)) {
		case typ + "/" + subtype:
			specific = 3
		case typ + "/*":
			specific = 2
		case "*/*":
			specific = 1
		}
		if specific > best {
			best, q = specific, weight(params)
		}
	}
	return q
}

// weight reads the q among the parameters of a media range; a malformed one counts nothing.
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}
