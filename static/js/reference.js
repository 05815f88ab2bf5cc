// The API's page: narrowed down by what is typed, and a link to a verb or shape opens it.

const input = document.querySelector("[data-find]");
const found = document.querySelector("[data-found]");
const operations = [...document.querySelectorAll("[data-operation]")];
const texts = new Map(operations.map((one) => [one, one.textContent.toLowerCase()]));

function narrow() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const one of operations) {
    one.hidden = !words.every((word) => texts.get(one).includes(word));
    count += one.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll("[data-section]")) {
    section.hidden = !section.querySelector("[data-operation]:not([hidden])");
  }
  found.textContent = words.length ? `${count} found` : "";
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(target instanceof HTMLDetailsElement)) return;
  if (target.hidden) {
    input.value = "";
    narrow();
  }
  target.open = true;
  target.scrollIntoView();
}

input.addEventListener("input", narrow);
window.addEventListener("hashchange", openTarget);
openTarget();
