package rbaccli

import (
	"bufio"
	"fmt"
	"reflect"
	"strings"

	"golang.org/x/text/width"
)

// writeTable prints rows for people, with titles. Columns are as wide as their
// widest cell. Columns that are empty in all rows are left out. Below a record,
// columns that only repeat the name of the record are left out, too.
func (c *call) writeTable(rows reflect.Value, record string) error {
	if rows.Len() == 0 {
		c.note("There is nothing to list.")
		return nil
	}
	var titles []string
	cells := make([][]string, rows.Len())
	for _, f := range columns(rows.Type().Elem()) {
		if f.wide || f.rows {
			continue
		}
		texts, any := make([]string, rows.Len()), false
		for i := range rows.Len() {
			texts[i] = tableText(rows.Index(i).Field(f.index))
			any = any || texts[i] != "" && texts[i] != record
		}
		if !any {
			continue
		}
		titles = append(titles, strings.ToUpper(title(f.name)))
		for i, text := range texts {
			cells[i] = append(cells[i], text)
		}
	}
	return c.grid(titles, cells)
}

// grid prints cells below titles.
func (c *call) grid(titles []string, rows [][]string) error {
	c.progress.end()
	widths := make([]int, len(titles))
	for _, row := range append([][]string{titles}, rows...) {
		for i, text := range row {
			widths[i] = max(widths[i], textWidth(text))
		}
	}
	w := bufio.NewWriter(c.stdout)
	_, _ = w.WriteString(c.bold(aligned(titles, widths)) + "\n") // Flush has the error
	for _, row := range rows {
		_, _ = w.WriteString(aligned(row, widths) + "\n")
	}
	return w.Flush()
}

// aligned returns a line of cells, two spaces apart.
func aligned(cells []string, widths []int) string {
	var b strings.Builder
	for i, text := range cells {
		b.WriteString(text)
		b.WriteString(strings.Repeat(" ", widths[i]-textWidth(text)+2))
	}
	return strings.TrimRight(b.String(), " ")
}

// textWidth returns the number of columns that a text takes on a terminal.
func textWidth(text string) (n int) {
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// writeRecord prints one record for people: a line for each field, and below
// them a table for each list.
func (c *call) writeRecord(row reflect.Value) error {
	c.progress.end()
	var lines [][]string
	fields := columns(row.Type())
	for _, f := range fields {
		if f.rows {
			continue
		}
		if text := tableText(row.Field(f.index)); text != "" {
			lines = append(lines, []string{title(f.name) + ":", text})
		}
	}
	widths := []int{0, 0}
	for _, line := range lines {
		widths[0] = max(widths[0], textWidth(line[0]))
		widths[1] = max(widths[1], textWidth(line[1]))
	}
	w := bufio.NewWriter(c.stdout)
	for _, line := range lines {
		_, _ = w.WriteString(aligned(line, widths) + "\n") // Flush has the error
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, f := range fields {
		if !f.rows || row.Field(f.index).Len() == 0 {
			continue
		}
		if _, err := fmt.Fprintf(c.stdout, "\n%s:\n", title(f.name)); err != nil {
			return err
		}
		if err := c.writeTable(row.Field(f.index), tableText(row.Field(0))); err != nil {
			return err
		}
	}
	return nil
}
