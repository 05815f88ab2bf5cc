// Bundles the entry points of this directory into static/dist/, and the icons named in icons.txt into one sprite.
import { readdir, readFile, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { needed } from "./needed.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const target = path.join(root, "static", "dist");
const icons = path.join(root, "node_modules", "@tabler", "icons", "icons", "outline");
const browsers = ["chrome111", "firefox113", "safari16.4"];

async function bundle(entry, format) {
  await build({
    entryPoints: [path.join(here, entry)],
    outdir: target,
    bundle: true,
    minify: true,
    format,
    target: browsers,
    legalComments: "linked",
    logLevel: "warning",
  });
}

// Source maps are not shipped: a comment that points at one makes hashed static files fail.
async function stripSourceMapComments() {
  for (const name of await readdir(target)) {
    if (!/\.(js|css)$/.test(name)) continue;
    const file = path.join(target, name);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(/(\/\/# sourceMappingURL=\S+|\/\*# sourceMappingURL=.*?\*\/)/g, ""));
  }
}

const words = async (name) => (await readFile(path.join(here, name), "utf8")).split("\n").filter(Boolean);

// Of the design system the pages use a few per cent; tabler.txt names them (tests/pages/test_classes.py).
async function leaveOut() {
  const folder = path.join(root, "static", "css");
  const own = await Promise.all((await readdir(folder)).map((name) => readFile(path.join(folder, name), "utf8")));
  const file = path.join(target, "app.css");
  await writeFile(file, needed(await readFile(file, "utf8"), await words("tabler.txt"), own.join("")));
}

// The look stands on each symbol, because a <use> takes nothing from the sprite's root; the stroke's width is the page's to choose.
const look = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"';

async function symbol(name) {
  const svg = await readFile(path.join(icons, `${name}.svg`), "utf8");
  const shapes = svg
    .replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "")
    .replace(/<path stroke="none"[^>]*>/g, "")
    .replace(/\s*\n\s*/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24" ${look}>${shapes}</symbol>`;
}

async function sprite() {
  const symbols = await Promise.all((await words("icons.txt")).map(symbol));
  const file = `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
  await writeFile(path.join(target, "icons.svg"), file);
}

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
await Promise.all([bundle("app.js", "iife"), bundle("app.css"), bundle("editor.js", "iife"), sprite()]);
await leaveOut();
await stripSourceMapComments();
