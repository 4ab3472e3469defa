// The console works without this script. The script moves the focus to a message
// in browsers without autofocus for all elements, proposes the zone of the
// browser, lets a box in the head of a table choose all rows, and selects the
// address of a link on focus.
"use strict";

const message = document.querySelector(".fault[role=alert], .message");
if (message && document.activeElement === document.body) {
	message.tabIndex = -1;
	message.focus();
}

for (const hint of document.querySelectorAll("[data-zone]")) {
	const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
	const field = document.getElementById("zone");
	if (!zone || !field || field.value === zone) continue;
	const button = document.createElement("button");
	button.type = "button";
	button.textContent = hint.dataset.zone + " " + zone;
	button.addEventListener("click", () => { field.value = zone; });
	hint.append(button);
}

for (const corner of document.querySelectorAll("form thead td:first-child")) {
	const boxes = corner.closest("table").querySelectorAll("tbody input[type=checkbox]");
	const hidden = corner.querySelector(".hidden");
	if (boxes.length === 0 || !hidden) continue;
	const all = document.createElement("input");
	all.type = "checkbox";
	all.setAttribute("aria-label", hidden.textContent);
	all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
	hidden.replaceWith(all);
}

for (const field of document.querySelectorAll("input[readonly]")) {
	field.addEventListener("focus", () => field.select());
}
