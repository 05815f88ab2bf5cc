// A destructive act asks first, in a dialog of the page: <form data-confirm="What will happen.">.

const dialog = document.querySelector("#confirm");
let pending = null;

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (!question || !dialog || event.target === pending) return;
  event.preventDefault();
  pending = null;
  dialog.querySelector("[data-question]").textContent = question;
  dialog.querySelector("[data-yes]").textContent = event.submitter?.textContent.trim() || "Go on";
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    pending = event.target;
    pending.requestSubmit(event.submitter);
  };
  dialog.showModal();
}, true);
