package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The frame of the plot, in pixels. The names of the lines stand right of it.
const (
	plotWidth, plotHeight = 900, 520
	left, right           = 76, 610
	top, bottom           = 64, 450
	labelHeight           = 17
)

// plot draws the time of a check over the size of the world as SVG. Both axes
// are logarithmic. The names at the ends of the lines are the legend.
func (r *report) plot() string {
	lines := r.lines()
	slices.SortFunc(lines, func(a, b plotLine) int { return int(math.Copysign(1, b.last()-a.last())) })
	p := &plotter{worlds: r.compared(), low: 0, high: 1}
	for _, l := range lines {
		for _, v := range l.values {
			p.high = max(p.high, math.Ceil(math.Log10(v)))
		}
	}
	fmt.Fprintf(&p.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`+"\n", plotWidth, plotHeight, plotWidth, plotHeight)
	fmt.Fprintf(&p.b, "<title id=\"title\">Time of a check over the size of the world, for rbac and its peers</title>\n<style>%s</style>\n", plotStyle)
	fmt.Fprintf(&p.b, `<rect class="ground" width="%d" height="%d"/>`+"\n", plotWidth, plotHeight)
	p.text(left, 28, "title", "Time of one check")
	p.text(left, 48, "axis", "by strings, random pairs; both axes logarithmic. "+r.date)
	p.axes()
	p.lines(lines)
	p.b.WriteString("</svg>\n")
	return p.b.String()
}

// plotStyle has the colours for light and dark pages. The peers of a family
// share a colour and differ in their dashes.
const plotStyle = `
.ground{fill:#ffffff} text{font:13px system-ui,sans-serif;fill:#24292f} .title{font-size:17px;font-weight:600} .axis{fill:#57606a}
.grid{stroke:#d8dee4;stroke-width:1} .line{fill:none;stroke-width:2;stroke-linejoin:round} .leader{fill:none;stroke:#8c959f;stroke-width:1}
.rbac{stroke:#0969da;stroke-width:3.5} .casbin{stroke:#bc4c00} .cedar{stroke:#1a7f37} .opa{stroke:#8250df} .bound{stroke:#6e7781}
.bold{font-weight:600} .dash1{stroke-dasharray:9 4} .dash2{stroke-dasharray:2 4} .dash3{stroke-dasharray:10 4 2 4}
@media (prefers-color-scheme:dark){
.ground{fill:#0d1117} text{fill:#e6edf3} .axis{fill:#9198a1} .grid{stroke:#2d333b} .leader{stroke:#6e7681}
.rbac{stroke:#58a6ff} .casbin{stroke:#f0883e} .cedar{stroke:#3fb950} .opa{stroke:#bc8cff} .bound{stroke:#9198a1}
}
`

// plotLine is the time of one peer over the worlds.
type plotLine struct {
	name, class string
	values      []float64
}

func (l plotLine) last() float64 { return l.values[len(l.values)-1] }

// plotClasses are the colours and dashes of the lines.
var plotClasses = map[string]string{
	rbacName: "rbac", sqliteName: "rbac dash1",
	"casbin, `g` first": "casbin", "casbin, cheap first": "casbin dash1", "casbin, cached": "casbin dash2", "casbin, synced cached": "casbin dash3",
	"cedar-go": "cedar", "OPA": "opa", mapsName: "bound dash1", bitsetName: "bound dash2",
}

// lines returns a line for the checks by strings of each peer, and one more for
// the ready predicates of rbac.
func (r *report) lines() (all []plotLine) {
	for _, p := range peers {
		all = r.addLine(all, plotLine{name: strings.ReplaceAll(p.name, "`", ""), class: plotClasses[p.name]}, p.name, byStrings)
	}
	return r.addLine(all, plotLine{name: "rbac, ready predicate", class: "rbac dash2"}, rbacName, readyRandom)
}

// addLine adds a line, unless the peer was left out in some world.
func (r *report) addLine(all []plotLine, l plotLine, name, column string) []plotLine {
	for _, c := range r.compared() {
		v, ok := c.value(name, column)
		if !ok || v <= 0 {
			return all
		}
		l.values = append(l.values, v)
	}
	return append(all, l)
}

type plotter struct {
	b         strings.Builder
	worlds    []*comparison
	low, high float64 // powers of ten
}

func (p *plotter) x(i int) float64 {
	if len(p.worlds) == 1 {
		return (left + right) / 2
	}
	users := func(c *comparison) float64 { return math.Log10(float64(c.Users)) }
	first, last := users(p.worlds[0]), users(p.worlds[len(p.worlds)-1])
	return left + (right-left)*(0.04+0.92*(users(p.worlds[i])-first)/(last-first))
}

func (p *plotter) y(ns float64) float64 {
	return bottom - (bottom-top)*(math.Log10(ns)-p.low)/(p.high-p.low)
}

func (p *plotter) text(x, y float64, class, text string) {
	fmt.Fprintf(&p.b, `<text x="%.0f" y="%.0f" class="%s">%s</text>`+"\n", x, y, class, text)
}

func (p *plotter) axes() {
	for power := p.low; power <= p.high; power++ {
		ns := math.Pow(10, power)
		y := p.y(ns)
		fmt.Fprintf(&p.b, `<path class="grid" d="M%d %.1fH%d"/><text x="%d" y="%.1f" class="axis" text-anchor="end">%s</text>`+"\n",
			left, y, right, left-8, y+4, strings.Replace(duration(ns), ".0", "", 1))
	}
	for i, c := range p.worlds {
		fmt.Fprintf(&p.b, `<path class="grid" d="M%.1f %dV%d"/>`+"\n", p.x(i), top, bottom)
		for j, text := range []string{c.Name + ": " + thousands(c.Users) + " users", thousands(c.Groups) + " groups", thousands(c.Permissions) + " permissions"} {
			fmt.Fprintf(&p.b, `<text x="%.1f" y="%d" class="axis" text-anchor="middle">%s</text>`+"\n", p.x(i), bottom+20+j*16, text)
		}
	}
}

// lines draws lines, from the highest to the lowest, with their names.
func (p *plotter) lines(lines []plotLine) {
	at := p.apart(lines)
	for i, l := range lines {
		var d strings.Builder
		for j, v := range l.values {
			fmt.Fprintf(&d, "%c%.1f %.1f", "ML"[min(j, 1)], p.x(j), p.y(v))
		}
		for j, v := range l.values {
			fmt.Fprintf(&p.b, `<circle class="line %s" cx="%.1f" cy="%.1f" r="2"/>`+"\n", strings.Fields(l.class)[0], p.x(j), p.y(v))
		}
		end, y := p.x(len(l.values)-1), p.y(l.last())
		fmt.Fprintf(&p.b, `<path class="line %s" d="%s"/>`+"\n", l.class, d.String())
		fmt.Fprintf(&p.b, `<path class="leader" d="M%.1f %.1fL%d %.1f"/><path class="line %s" d="M%d %.1fh26"/>`+"\n", end+3, y, right+8, at[i], l.class, right+10, at[i])
		class := ""
		if strings.HasPrefix(l.class, "rbac") {
			class = "bold"
		}
		p.text(right+42, at[i]+4, class, l.name+", "+duration(l.last()))
	}
}

// apart returns the height of each name: at the end of its line, or as near as
// the other names allow.
func (p *plotter) apart(lines []plotLine) []float64 {
	at := make([]float64, len(lines))
	for i, l := range lines {
		at[i] = p.y(l.last())
		if i > 0 {
			at[i] = max(at[i], at[i-1]+labelHeight)
		}
	}
	for i := len(at) - 1; i >= 0; i-- { // back up into the frame
		limit := float64(bottom)
		if i < len(at)-1 {
			limit = at[i+1] - labelHeight
		}
		at[i] = min(at[i], limit)
	}
	return at
}
