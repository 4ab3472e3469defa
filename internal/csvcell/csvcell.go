// Package csvcell keeps spreadsheets from running the texts of a CSV file.
package csvcell

import (
	"strings"
	"unicode/utf8"
)

// Safe returns the text of a cell. A text that a spreadsheet would take for a
// formula gets an apostrophe before it (OWASP, CSV Injection).
func Safe(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + text
	}
	return text
}
