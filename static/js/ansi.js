// A log line's text as DOM: colours (SGR) only; everything else was made visible text on the host.

const SGR = /\u001b\[([0-9;]*)m/g;
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

function apply(style, codes) {
  const parts = (codes || "0").split(";").map(Number);
  for (let at = 0; at < parts.length; at += 1) {
    const code = parts[at];
    if (code === 0) Object.assign(style, { fore: "", back: "", bold: false, dim: false });
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 22) Object.assign(style, { bold: false, dim: false });
    else if (code >= 30 && code <= 37) style.fore = NAMES[code - 30];
    else if (code >= 90 && code <= 97) style.fore = `bright-${NAMES[code - 90]}`;
    else if (code === 39) style.fore = "";
    else if (code >= 40 && code <= 47) style.back = NAMES[code - 40];
    else if (code === 49) style.back = "";
    else if (code === 38 || code === 48) at += parts[at + 1] === 5 ? 2 : 4; // 256 and true colours: shown plain
  }
}

function classes(style) {
  const found = [];
  if (style.fore) found.push(`ansi-${style.fore}`);
  if (style.back) found.push(`ansi-on-${style.back}`);
  if (style.bold) found.push("ansi-bold");
  if (style.dim) found.push("ansi-dim");
  return found.join(" ");
}

/** Fill `target` with the text; no markup of the line is ever interpreted. */
export function render(target, text) {
  if (!text.includes("\u001b[")) {
    target.textContent = text;
    return;
  }
  target.textContent = "";
  const style = { fore: "", back: "", bold: false, dim: false };
  let from = 0;
  const add = (piece) => {
    if (!piece) return;
    const span = document.createElement("span");
    span.className = classes(style);
    span.textContent = piece;
    target.append(span);
  };
  for (const match of text.matchAll(SGR)) {
    add(text.slice(from, match.index));
    apply(style, match[1]);
    from = match.index + match[0].length;
  }
  add(text.slice(from));
}
