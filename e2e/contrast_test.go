package e2e

import "github.com/chromedp/chromedp"

// contrast is JavaScript. The function contrast(a, b) returns the contrast
// ratio of two colours as defined by WCAG 2.2, and ground(element) returns the
// colour behind an element.
const contrast = `
	const rgb = color => color.match(/[\d.]+/g).map(Number);
	const light = color => rgb(color).slice(0, 3)
		.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const contrast = (a, b) => {
		const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
		return (high + 0.05) / (low + 0.05);
	};
	const ground = element => {
		const color = getComputedStyle(element).backgroundColor;
		if (rgb(color)[3] !== 0) return color;
		return element.parentElement ? ground(element.parentElement) : "rgb(255, 255, 255)";
	};`

// lowContrast lists the texts with a contrast ratio below 4.5, or below 3 for
// large text (WCAG 2.2, 1.4.3).
var lowContrast = chromedp.Evaluate[[]string](`(() => {` + contrast + `
	const ownText = element => [...element.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
	const found = [];
	for (const element of document.body.querySelectorAll("*")) {
		if (!ownText(element) || !element.checkVisibility()) continue;
		const style = getComputedStyle(element), size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		const ratio = contrast(style.color, ground(element));
		if (ratio < (large ? 3 : 4.5)) found.push(element.innerText.slice(0, 40) + ": " + ratio.toFixed(2));
	}
	return found;
})()`)

// focusShown returns why a sighted user cannot see the focus, or "" if the
// focus is visible. The focus ring is drawn around the element, so the
// background of the parent counts (WCAG 2.2, 1.4.11 and 2.4.7).
var focusShown = chromedp.Evaluate[string](`(() => {` + contrast + `
	const element = document.activeElement, box = element.getBoundingClientRect(), style = getComputedStyle(element);
	if (box.right <= 0 || box.bottom <= 0 || box.left >= innerWidth || box.top >= innerHeight)
		return "has the focus outside of the window";
	if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)
		return "has the focus, and no ring of 2 pixels or more";
	if (contrast(style.outlineColor, ground(element.parentElement)) < 3)
		return "has the focus, and a ring that is hard to see";
	return "";
})()`)
