package httpguard

import (
	"net/http"
	"strconv"
	"strings"
)

// isBrowser reports whether the client shows the response to a person: the
// client prefers HTML to JSON, and is not a script or a part of a page. Every
// other client counts as a program, which has no use for a login page. Browsers
// set Sec-Fetch-Mode and Sec-Fetch-Dest themselves; scripts cannot.
func isBrowser(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	if mode != "" && mode != "navigate" || !pageDestinations[r.Header.Get("Sec-Fetch-Dest")] {
		return false
	}
	accept := strings.Join(r.Header["Accept"], ",")
	if mode == "navigate" && accept == "" {
		return true
	}
	html := quality(accept, "text", "html")
	json := max(quality(accept, "application", "json"), quality(accept, "application", "problem+json"))
	return html > json || mode == "navigate" && html > 0 && html == json // */*
}

// pageDestinations holds the values of Sec-Fetch-Dest for pages. Scripts send
// "empty".
var pageDestinations = map[string]bool{
	"": true, "document": true, "frame": true, "iframe": true, "fencedframe": true, "embed": true, "object": true,
}

// quality returns the weight that an Accept header gives a media type: the
// weight of the most specific matching range (RFC 9110 §12.5.1), or zero
// without a matching range.
func quality(accept, typ, subtype string) float64 {
	best, q := 0, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		media, params, _ := strings.Cut(item, ";")
		specificity := 0
		switch strings.ToLower(strings.TrimSpace(media)) {
		case typ + "/" + subtype:
			specificity = 3
		case typ + "/*":
			specificity = 2
		case "*/*":
			specificity = 1
		}
		if specificity > best {
			best, q = specificity, weight(params)
		}
	}
	return q
}

// weight returns the q among the parameters of a media range: 1 by default, 0
// if malformed.
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
