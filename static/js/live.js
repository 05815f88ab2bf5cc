// Live pages: a socket says what changed, the elements that show it fetch themselves again, in place.
//
// An element with data-live="kind:id kind:* …" and hx-get, hx-trigger="live", hx-swap="outerHTML" is refreshed.

import { inUse } from "./keep.js";
import { back, lost } from "./lost.js";

const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const GATHER_MS = 150; // signals in a burst make one request
const LATE_MS = 60_000; // a signal may be lost (they are told once): so long a page is stale at most
const HELD_MS = 1000; // a part in use is asked again
let tries = 0;
let gathered = new Set();
let timer = null;
let socket = null;

function refresh() {
  timer = null;
  const changed = gathered;
  gathered = new Set();
  for (const element of document.querySelectorAll("[data-live]")) {
    const wanted = element.dataset.live.split(" ");
    if (wanted.some((key) => changed.has(key) || changed.has("*"))) renew(element);
  }
}

function renew(element) {
  if (!element.isConnected || element.dataset.held) return;
  if (!inUse(element)) {
    window.htmx.trigger(element, "live");
    return;
  }
  element.dataset.held = "yes";
  setTimeout(() => {
    delete element.dataset.held;
    renew(element);
  }, HELD_MS);
}

// A menu may have been opened while the answer was on its way.
document.addEventListener("htmx:beforeSwap", (event) => {
  const element = event.detail.target;
  if (!element.matches?.("[data-live]") || !inUse(element)) return;
  event.detail.shouldSwap = false;
  renew(element);
});

function note(...keys) {
  for (const key of keys) gathered.add(key);
  timer ??= setTimeout(refresh, GATHER_MS);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/ws/events/`);
  socket.addEventListener("open", () => {
    note("*"); // something may have changed since the page was made, or while nothing was heard
    tries = 0;
    document.documentElement.dataset.connection = "live";
    back();
  });
  socket.addEventListener("message", (event) => {
    const said = JSON.parse(event.data);
    note(`${said.kind}:${said.id}`, `${said.kind}:*`);
  });
  socket.addEventListener("close", (event) => {
    document.documentElement.dataset.connection = "lost";
    if (event.code === 4401) {
      location.reload();
      return;
    }
    lost();
    setTimeout(connect, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] * (0.75 + Math.random() / 2));
    tries += 1;
  });
}

// A line that was cut without a word is found out by a request that fails, or told by the browser.
const doubt = () => socket?.close();
document.addEventListener("htmx:sendError", doubt);
window.addEventListener("offline", doubt);

if (document.querySelector("[data-live]")) {
  connect();
  setInterval(() => document.hidden || note("*"), LATE_MS);
}
