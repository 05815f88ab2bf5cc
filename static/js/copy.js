// Copy on click: <button data-copy="text">. The button says that it did.

const SAID_MS = 1500;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  event.preventDefault();
  const said = document.querySelector("[data-said]");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    if (said) said.textContent = "Copied";
    button.classList.add("copied");
  } catch {
    if (said) said.textContent = "Copying was refused by the browser; select the text instead";
  }
  setTimeout(() => {
    button.classList.remove("copied");
    if (said) said.textContent = "";
  }, SAID_MS);
});
