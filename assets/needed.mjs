// Of a stylesheet by others what our pages use: rules whose classes are all named, and the variables and animations that these mention.

// The rules of a minified stylesheet, in order: { head, body } of what has a block, { head } of what has none.
function* rules(css) {
  let start = 0;
  while (start < css.length) {
    const open = scan(css, start, "{;");
    if (open >= css.length) return;
    const head = css.slice(start, open).trim();
    if (css[open] === ";") {
      yield { head };
      start = open + 1;
      continue;
    }
    const close = blockEnd(css, open);
    yield { head, body: css.slice(open + 1, close) };
    start = close + 1;
  }
}

// Where one of these characters stands next, outside of quotes, brackets and comments.
function scan(css, from, wanted) {
  for (let at = from; at < css.length; at++) {
    if (css.startsWith("/*", at)) at = css.indexOf("*/", at) + 1;
    else if (css[at] === '"' || css[at] === "'") at = quoteEnd(css, at);
    else if (css[at] === "(") at = scan(css, at + 1, ")");
    else if (css[at] === "[") at = scan(css, at + 1, "]");
    else if (wanted.includes(css[at])) return at;
  }
  return css.length;
}

function quoteEnd(css, from) {
  let at = from + 1;
  while (css[at] !== css[from]) at += css[at] === "\\" ? 2 : 1;
  return at;
}

function blockEnd(css, open) {
  let at = open;
  for (let depth = 1; depth; ) {
    at = scan(css, at + 1, "{}");
    depth += css[at] === "{" ? 1 : -1;
  }
  return at;
}

function* parts(list) {
  for (let start = 0; start <= list.length; ) {
    const end = scan(list, start, ",");
    yield list.slice(start, end);
    start = end + 1;
  }
}

function kept(css, names) {
  const classes = (selector) => [...selector.matchAll(/\.((?:[\w-]|\\.)+)/g)].map((found) => found[1]);
  const isUsed = (selector) => classes(selector).every((name) => names.has(name));
  let text = "";
  for (const { head, body } of rules(css)) {
    if (body === undefined) text += `${head};`;
    else if (/^@(media|supports|layer|container)/.test(head)) {
      const inner = kept(body, names);
      if (inner) text += `${head}{${inner}}`;
    } else if (head.startsWith("@")) text += `${head}{${body}}`;
    else {
      const selectors = [...parts(head)].filter(isUsed);
      if (selectors.length) text += `${selectors.join(",")}{${body}}`;
    }
  }
  return text;
}

// Variables that nothing mentions go, then those that only these mentioned, and so on.
function withoutUnusedVariables(css, also) {
  for (;;) {
    const mentioned = new Set([...`${css}${also}`.matchAll(/var\(\s*(--[\w-]+)/g)].map((found) => found[1]));
    const next = css.replace(/(?<=[{;])(--[\w-]+):((?:"[^"]*"|'[^']*'|\([^)]*\)|[^;{}"'()])*)(;|(?=\}))/g, (all, name) =>
      mentioned.has(name) ? all : "",
    );
    if (next === css) return css.replace(/[^{}]+\{\}/g, "");
    css = next;
  }
}

function withoutUnusedAnimations(css) {
  let text = "";
  for (const { head, body } of rules(css)) {
    const name = /^@(?:-webkit-)?keyframes\s+(\S+)/.exec(head)?.[1];
    if (name && !new RegExp(`animation(?:-name)?:[^;}]*\\b${name}\\b`).test(css)) continue;
    text += body === undefined ? `${head};` : `${head}{${body}}`;
  }
  return text;
}

// `names`: the classes that pages use of it. `also`: the stylesheets of ours, which mention its variables.
export function needed(css, names, also) {
  return withoutUnusedVariables(withoutUnusedAnimations(kept(css, new Set(names))), also);
}
