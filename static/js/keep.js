// What a person has opened or stands on outlives a live refresh: open <details>, the focus, and what is typed.
//
// While somebody types in a part, has a menu open there or is asked to confirm, the refresh waits (live.js asks again).

const kept = new Map();
const TYPING = "input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select";

/** Must this part stay as it is for now? */
export function inUse(part) {
  if (part.querySelector("details.menu[open]") || document.querySelector("#confirm")?.open) return true;
  const active = document.activeElement;
  if (part.contains(active) && active.matches(TYPING)) return true;
  return [...part.querySelectorAll("textarea, input[type=text], input:not([type])")].some((box) => box.value !== box.defaultValue);
}

function named(element) {
  const said = element.getAttribute("aria-label") ?? element.textContent;
  return `${element.localName} ${element.getAttribute("href") ?? ""} ${said.replace(/\s+/g, " ").trim()}`;
}

/** Things of one name are told apart by their place among those: [[name, nth], element]. */
function counted(elements) {
  const seen = new Map();
  return [...elements].map((element) => {
    const name = named(element);
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return [`${name} ${seen.get(name)}`, element];
  });
}

const summaries = (part) => counted(part.querySelectorAll("summary"));
const reachable = (part) => counted(part.querySelectorAll("a[href], button, summary"));

document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  if (!part.matches?.("[data-live][id]") || inUse(part)) return;
  const open = summaries(part).filter(([, summary]) => summary.parentElement.open).map(([name]) => name);
  const focus = reachable(part).find(([, element]) => element === document.activeElement)?.[0];
  kept.set(part.id, { open: new Set(open), focus });
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [id, { open, focus }] of kept) {
    kept.delete(id);
    const part = document.getElementById(id);
    if (!part) continue;
    for (const [name, summary] of summaries(part)) if (open.has(name)) summary.parentElement.open = true;
    if (focus) reachable(part).find(([name]) => name === focus)?.[1].focus({ preventScroll: true });
  }
});
