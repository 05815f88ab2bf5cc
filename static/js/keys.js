// The keyboard: / or Ctrl-K opens the palette, g p and g h go places, j and k walk lists, ? shows help.

const PLACES = { p: "projects", h: "hosts", t: "teams", a: "audit" };
let waiting = false;

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

function walk(step) {
  const items = [...document.querySelectorAll("[data-list] a[data-item], [data-list] [data-item] a")];
  if (!items.length) return;
  const at = items.indexOf(document.activeElement);
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), items.length - 1);
  items[next].focus();
}

function toggle(dialog) {
  if (!dialog) return;
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    toggle(document.querySelector("#palette"));
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (waiting && PLACES[event.key]) {
    const link = document.querySelector(`[data-place="${PLACES[event.key]}"]`);
    if (link) location.href = link.href;
  } else if (event.key === "/") {
    event.preventDefault();
    document.querySelector("#palette")?.showModal();
  } else if (event.key === "?") toggle(document.querySelector("#help"));
  else if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  waiting = event.key === "g";
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open-dialog]");
  if (opener) document.querySelector(opener.dataset.openDialog)?.showModal();
  const closer = event.target.closest("[data-close-dialog]");
  if (closer) closer.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) event.target.close();
});
