// The palette: every place and act a person may reach, found by typing. Entries come from the server, once per opening.

const dialog = document.querySelector("#palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("ul");
const MOST = 12;
let entries = null;
let at = 0;

/** How well an entry fits: 0 begins with what was typed, 1 and 2 hold it in the title, 3 with the hint, -1 not at all. */
function rank(entry, words) {
  const title = entry.title.toLowerCase();
  if (title.startsWith(words.join(" "))) return 0;
  if (words.every((word) => title.split(/\s+/).some((part) => part.startsWith(word)))) return 1;
  if (words.every((word) => title.includes(word))) return 2;
  return words.every((word) => `${title} ${entry.hint.toLowerCase()}`.includes(word)) ? 3 : -1;
}

function fitting(words) {
  const ranked = (entries ?? []).map((entry) => [rank(entry, words), entry]).filter(([place]) => place >= 0);
  return ranked.sort(([a], [b]) => a - b).map(([, entry]) => entry);
}

function draw() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = fitting(words).slice(0, MOST);
  at = Math.min(at, Math.max(found.length - 1, 0));
  list.replaceChildren(
    ...found.map((entry, index) => {
      const item = document.createElement("li");
      item.role = "presentation";
      const link = document.createElement("a");
      link.role = "option";
      link.id = `palette-${index}`;
      link.ariaSelected = String(index === at);
      link.href = entry.url;
      link.tabIndex = -1;
      link.textContent = entry.title;
      const hint = document.createElement("span");
      hint.textContent = entry.hint;
      link.append(hint);
      item.append(link);
      return item;
    }),
  );
  if (!found.length) {
    const item = document.createElement("li");
    item.className = "palette-none";
    item.textContent = entries ? "Nothing is called that" : "Loading";
    list.append(item);
  }
  input.setAttribute("aria-activedescendant", found.length ? `palette-${at}` : "");
}

async function load() {
  at = 0;
  input.value = "";
  draw();
  const answer = await fetch(dialog.dataset.url, { headers: { Accept: "application/json" } });
  entries = answer.ok ? (await answer.json()).entries : [];
  draw();
}

if (dialog) {
  new MutationObserver(() => dialog.open && load()).observe(dialog, { attributeFilter: ["open"] });
  input.addEventListener("input", () => {
    at = 0;
    draw();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      at = Math.max(0, Math.min(at + step, list.querySelectorAll("[role=option]").length - 1));
      draw();
    } else if (event.key === "Enter") {
      event.preventDefault();
      list.querySelector("[aria-selected=true]")?.click();
    }
  });
}
