// htmx sends the page's CSRF token with every request that changes something.

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
});
document.addEventListener("htmx:responseError", (event) => {
  const said = document.querySelector("[data-said]");
  if (said) said.textContent = `That did not work (${event.detail.xhr.status}). Reload the page and try again.`;
});
