// An act with consequences asks first, in a dialog of the page, and Enter confirms.
//
// <form data-confirm="What will happen." data-no="What it is called to leave it">, or with data-plan="address": what the act
// would do is asked there, with the form's fields, and shown before it is done. Both may stand on one form.

const dialog = document.querySelector("#confirm");
const part = (name) => dialog.querySelector(`[data-${name}]`);
const NO_PLAN = "What this would do cannot be found out now. Reload the page and try again.";
const PATIENCE_MS = 10000;
let pending = null;
let turn = 0; // which question is open: a plan that comes late belongs to none

document.addEventListener("submit", (event) => {
  const form = event.target;
  const { confirm: question, plan, no } = form.dataset;
  if ((!question && !plan) || !dialog || form === pending) return;
  event.preventDefault();
  pending = null;
  part("question").textContent = question ?? "";
  part("plan-place").replaceChildren();
  part("yes").textContent = event.submitter?.textContent.trim() || "Go on";
  part("no").textContent = no || "Leave it";
  part("yes").hidden = false;
  part("yes").disabled = Boolean(plan);
  turn += 1;
  dialog.returnValue = "";
  dialog.onclose = () => {
    turn += 1;
    if (dialog.returnValue !== "yes") return;
    pending = form;
    const reason = part("plan-place").querySelector("[name=emergency]");
    if (reason) carry(form, reason.value);
    if (!form.isConnected) { // a live refresh has taken its place meanwhile
      form.hidden = true;
      document.body.append(form);
    }
    form.requestSubmit(event.submitter);
  };
  if (plan) show(form, plan, turn);
  else dialog.showModal();
}, true);

/** Opens the dialog when the plan is there, so that it does not change under somebody's eyes. */
async function show(form, address, mine) {
  const found = await fetched(form, address);
  if (turn !== mine) return;
  if (found) part("plan-place").replaceChildren(found);
  else part("plan-place").textContent = NO_PLAN;
  const done = found && !("refused" in found.dataset);
  const reason = found?.querySelector("[name=emergency]");
  part("yes").hidden = !done && !reason;
  part("yes").disabled = !done;
  if (!done) part("no").textContent = "Close";
  if (reason) hurry(form, reason);
  dialog.showModal();
  (reason ?? part(done ? "yes" : "no")).focus();
}

/** What the gates keep out may still be done by who may call an emergency, once there is a reason. */
function hurry(form, reason) {
  const yes = part("yes");
  const look = () => { yes.disabled = reason.value.trim().length < Number(reason.dataset.least); };
  yes.textContent = "Do it as an emergency";
  reason.value = new FormData(form).get("emergency") ?? "";
  reason.addEventListener("input", look);
  look();
}

function carry(form, reason) {
  let field = form.elements.emergency;
  if (!field) {
    field = Object.assign(document.createElement("input"), { type: "hidden", name: "emergency" });
    form.append(field);
  }
  field.value = reason;
}

async function fetched(form, address) {
  const fields = new FormData(form);
  fields.delete("csrfmiddlewaretoken");
  fields.delete("comment");
  if (fields.get("emergency")) fields.set("urgent", "yes");
  fields.delete("emergency"); // a reason is no address
  const query = new URLSearchParams(fields).toString();
  try {
    const answer = await fetch(query ? `${address}?${query}` : address, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE_MS) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector("[data-preview]");
  } catch {
    return null;
  }
}
