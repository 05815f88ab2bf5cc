// What a page does when it no longer hears the server: it says since when it is silent, and holds back what would be sent.
//
// Given: an element [data-lost] that is a live region. Buttons stay where they are and reachable, and say why they wait.

const SHORT_MS = 1500; // a line that is back so soon was not worth a word
const ANSWER_MS = 4000;
const AWAY = new Set([502, 503, 504]); // the proxy answers, the server behind it does not
const WAITS = "Waits until Slipway is reached again";

let since = null;
let timer = null;
let held = false;

/** The live socket has closed; asked again at each try that fails. */
export function lost() {
  since ??= new Date();
  if (!timer && document.documentElement.dataset.connection === "lost") timer = setTimeout(look, SHORT_MS);
}

/** The live socket is open. */
export function back() {
  clearTimeout(timer);
  timer = since = null;
  hold(false);
  say("");
}

async function look() {
  const reached = await answers();
  timer = null;
  if (!since) return;
  const at = since.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  hold(!reached);
  say(reached
    ? `Live updates do not come through. What you see is from ${at}; reload the page to see how it is now.`
    : `Connection lost. What you see is from ${at}; it is tried again by itself.`);
}

async function answers() {
  try {
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    return !AWAY.has(answer.status);
  } catch {
    return false;
  }
}

function say(text) {
  const place = document.querySelector("[data-lost]");
  if (place && place.textContent !== text) place.textContent = text;
}

function hold(on) {
  if (on === held) return;
  held = on;
  for (const button of document.querySelectorAll('form[method="post"] :is([type="submit"], button:not([type]))')) {
    if (on) {
      if (button.title) button.dataset.title = button.title;
      button.title = WAITS;
      button.setAttribute("aria-disabled", "true");
    } else {
      button.title = button.dataset.title ?? "";
      button.removeAttribute("aria-disabled");
    }
  }
}

document.addEventListener("submit", (event) => {
  if (!held || event.target.method !== "post") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const said = document.querySelector("[data-said]");
  if (said) said.textContent = WAITS;
}, true);
