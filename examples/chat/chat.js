"use strict";

// The page of a room works without this script; with it, messages come by themselves. What the script
// hides or disables is for the eye: the server decides about each message by itself.
const room = document.getElementById("room");
if (room) {
	const messages = document.getElementById("messages"), compose = document.getElementById("compose");
	const text = document.getElementById("text"), fieldset = compose.querySelector("fieldset");
	let last = room.dataset.last, source;

	const say = (id, words) => { document.getElementById(id).textContent = words; };
	const askAgain = () => location.assign(room.dataset.page); // to the login, or to be told why not
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

	// A browser comes back by itself, unless it was refused: then this finds out why. It waits for
	// a time that is not the same in all pages, since a server that starts again has them all at once.
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

	// A form that leads to another page, such as Sign out, says itself where to go on.
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
