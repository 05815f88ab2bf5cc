// What opens and scrolls by itself. Small menus: <details class="menu"> with a .menu-list. The list floats, so that opening it moves nothing.

const GAP = 4;
const EDGE = 8;

function close(menu, { focus = false } = {}) {
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

function others(kept) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== kept) close(menu);
}

function place(menu) {
  const list = menu.querySelector(".menu-list");
  const at = menu.querySelector("summary").getBoundingClientRect();
  const left = Math.min(at.left, document.documentElement.clientWidth - list.offsetWidth - EDGE);
  const below = at.bottom + GAP;
  const fits = below + list.offsetHeight + EDGE <= window.innerHeight;
  list.style.left = `${Math.max(EDGE, left)}px`;
  list.style.top = `${fits ? below : Math.max(EDGE, at.top - GAP - list.offsetHeight)}px`;
}

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".menu") || !menu.open) return;
  others(menu);
  place(menu);
}, true);

document.addEventListener("click", (event) => others(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) close(menu, { focus: true });
});
document.addEventListener("scroll", () => others(null), { capture: true, passive: true });
window.addEventListener("resize", () => others(null));

// On a narrow screen the tabs of a page scroll: the present one is in sight.
const here = document.querySelector(".tabs [aria-current]");
// Not scrollIntoView: the next stop of the tab key would be counted from there.
if (here) {
  const tabs = here.closest(".tabs");
  const [inner, outer] = [here.getBoundingClientRect(), tabs.getBoundingClientRect()];
  tabs.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}
