// Times as people say them, in the reader's zone; the exact one on hover. Markup: <time datetime="…" data-ago>.

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

show(document);
setInterval(() => show(document), 20_000);
document.addEventListener("htmx:load", () => show(document));
