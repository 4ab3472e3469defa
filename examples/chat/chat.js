"use strict";

// The page of a room works without this script; with the script, messages arrive
// by themselves. Hiding or disabling a form protects nothing: the server judges
// each message.
const room = document.getElementById("room");
if (room) {
	const messages = document.getElementById("messages"), compose = document.getElementById("compose");
	const text = document.getElementById("text"), fieldset = compose.querySelector("fieldset");
	let last = room.dataset.last, source;

	const say = (id, words) => { document.getElementById(id).textContent = words; };
	const askAgain = () => location.assign(room.dataset.page); // the answer is the login page, or the reason
	const url = () => room.dataset.events + "?after=" + last;

	let follows = true; // the end of the list, until its reader goes back
	messages.addEventListener("scroll", () => {
		follows = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
	});
	const toTheEnd = () => {
		if (follows) messages.scrollTop = messages.scrollHeight;
	};
	addEventListener("resize", toTheEnd);

	function add(message) {
		const item = document.getElementById("message").content.cloneNode(true);
		item.querySelector(".by").textContent = message.by; // as text, whatever somebody typed
		item.querySelector("time").textContent = message.at;
		item.querySelector(".text").textContent = message.text;
		messages.append(item);
		toTheEnd();
	}

	function listen() {
		source = new EventSource(url());
		source.addEventListener("open", () => say("connection", ""));
		source.addEventListener("message", event => {
			last = event.lastEventId;
			add(JSON.parse(event.data));
		});
		source.addEventListener("standing", event => {
			const standing = JSON.parse(event.data);
			fieldset.disabled = !standing.maySpeak;
			say("standing", standing.why);
		});
		source.addEventListener("reload", () => {
			source.close();
			askAgain();
		});
		source.addEventListener("error", () => {
			say("connection", "The connection is lost. It is being made again.");
			if (source.readyState === EventSource.CLOSED) comeBack();
		});
	}

	// A browser reconnects by itself, unless the server refused: then comeBack finds
	// the reason. The wait is random, since after a restart of the server all pages
	// reconnect.
	function comeBack() {
		setTimeout(async () => {
			const look = new AbortController();
			try {
				const answer = await fetch(url(), {headers: {Accept: "application/json"}, signal: look.signal});
				if ([401, 403, 404].includes(answer.status)) return askAgain();
			} catch {
				// still no network
			} finally {
				look.abort();
			}
			listen();
		}, 2000 + 3000 * Math.random());
	}

	compose.addEventListener("submit", async event => {
		event.preventDefault();
		const sent = text.value;
		try {
			const answer = await fetch(compose.action, {method: "POST", body: new URLSearchParams({text: sent}), headers: {Accept: "application/json"}});
			if (answer.status === 401) return askAgain();
			if (!answer.ok) return say("standing", await reason(answer));
			if (text.value === sent) text.value = "";
			say("standing", "");
		} catch {
			say("standing", "This was not sent: there is no connection.");
		}
	});

	async function reason(answer) {
		const body = await answer.text();
		return answer.headers.get("Content-Type").startsWith("application/problem+json") ? JSON.parse(body).detail : body;
	}

	// A form that leads to another page, such as Sign out, ends the stream.
	document.addEventListener("submit", event => {
		if (!event.defaultPrevented) source.close();
	});

	text.addEventListener("keydown", event => {
		if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
			event.preventDefault();
			compose.requestSubmit();
		}
	});

	toTheEnd();
	listen();
}
