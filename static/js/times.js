// Times as people say them, in the reader's zone; the exact one on hover. Markup: <time datetime="…" data-ago>.
// What lasts still is counted on: <span data-lasts="seconds when the page was made">.

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

function ago(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  if (Math.abs(seconds) < 45) return "just now";
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return words.format(Math.round(seconds / size), unit);
}

function show(scope) {
  for (const element of scope.querySelectorAll("time[data-ago]")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    const text = ago(date);
    if (element.textContent !== text) element.textContent = text;
    element.title = date.toLocaleString();
  }
}

const begun = new WeakMap(); // element -> when it would have begun by this browser's clock, which may be wrong

function span(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}

function count() {
  for (const element of document.querySelectorAll("[data-lasts]")) {
    if (!begun.has(element)) begun.set(element, Date.now() - Number(element.dataset.lasts) * 1000);
    const text = span(Math.max(0, Math.floor((Date.now() - begun.get(element)) / 1000)));
    if (element.textContent !== text) element.textContent = text;
  }
}

function all() {
  show(document);
  count();
}

all();
setInterval(() => document.hidden || show(document), 20_000);
setInterval(() => document.hidden || count(), 1000);
document.addEventListener("visibilitychange", () => document.hidden || all());
document.addEventListener("htmx:load", all);
