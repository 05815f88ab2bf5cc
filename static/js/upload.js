// An archive is sent while its form stays open: dropped or chosen, with how far it is and a way to stop.
//
// Without this script the same input goes with its form. A dropped folder is packed here, as a tar of its files.

import { packed } from "./tar.js";

const TYPES = { zip: "application/zip", tar: "application/x-tar", gz: "application/gzip", tgz: "application/gzip" };

const mib = (bytes) => `${(bytes / 1048576).toFixed(1)} MiB`;

function told(drop, text, wrong = false) {
  const place = drop.querySelector("[data-told]");
  place.textContent = text;
  place.classList.toggle("error", wrong);
}

function why(request) {
  try {
    const { detail, errors } = JSON.parse(request.responseText);
    return errors?.archive?.[0] ? `The archive is refused. ${errors.archive[0]}` : detail;
  } catch {
    return `That did not work (${request.status || "no answer"}). Try again.`;
  }
}

/** Send it, and choose what the server kept. */
function send(drop, file, name) {
  if (file.size > Number(drop.dataset.max)) return told(drop, `${name} has ${mib(file.size)}: that is too much.`, true);
  const way = drop.querySelector("[data-way]");
  const bar = drop.querySelector("progress");
  const request = new XMLHttpRequest();
  const over = (text, wrong) => {
    way.hidden = true;
    delete drop.dataset.busy;
    told(drop, text, wrong);
  };
  request.upload.onprogress = ({ loaded, total }) => {
    bar.max = total || 1;
    bar.value = loaded;
    drop.querySelector("[data-far]").textContent = `${mib(loaded)} of ${mib(total)}`;
    if (loaded === total) told(drop, `${name} is sent and being checked.`);
  };
  request.onload = () => {
    if (request.status >= 300) return over(why(request), true);
    over(`${name} is here.`);
    kept(drop, JSON.parse(request.responseText));
  };
  request.onerror = () => over("The connection broke off. Nothing was kept; try again.", true);
  request.onabort = () => over(`${name} is not sent. Nothing was kept.`);
  drop.querySelector("[data-cancel]").onclick = () => request.abort();
  request.open("POST", `${drop.dataset.upload}?${new URLSearchParams({ name })}`);
  request.setRequestHeader("X-CSRFToken", document.querySelector('meta[name="csrf-token"]').content);
  request.setRequestHeader("Content-Type", TYPES[name.toLowerCase().split(".").pop()] ?? "application/octet-stream");
  drop.dataset.busy = "";
  way.hidden = false;
  told(drop, `${name} is being sent.`);
  request.send(file);
}

/** What to do with what was kept: every select of the page offers it, the one beside the drop has it; else the page shows it. */
function kept(drop, upload) {
  const selects = document.querySelectorAll("select[data-uploads]");
  if (!selects.length) return location.reload();
  for (const select of selects) {
    if (![...select.options].some(({ value }) => value === upload.id)) select.add(new Option(`${upload.name}, ${mib(upload.size)}`, upload.id));
  }
  const mine = drop.parentElement.querySelector("select[data-uploads]") ?? selects[0];
  mine.value = upload.id;
  mine.dispatchEvent(new Event("change", { bubbles: true }));
}

async function dropped(drop, transfer) {
  const entry = transfer.items[0]?.webkitGetAsEntry?.();
  if (transfer.items.length > 1) return told(drop, "One archive or one folder at a time.", true);
  if (!entry?.isDirectory) {
    const [file] = transfer.files;
    return file && send(drop, file, file.name);
  }
  told(drop, `${entry.name} is being packed.`);
  try {
    send(drop, await packed(entry), `${entry.name}.tar`);
  } catch (error) {
    told(drop, error.message, true);
  }
}

for (const drop of document.querySelectorAll("[data-upload]")) {
  const input = drop.querySelector("input[type=file]");
  for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
  for (const scripted of drop.querySelectorAll("[data-scripted]")) scripted.hidden = false;
  input.removeAttribute("name");
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file && !("busy" in drop.dataset)) send(drop, file, file.name);
    input.value = "";
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!("busy" in drop.dataset)) dropped(drop, event.dataTransfer);
  });
}
