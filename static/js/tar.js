// A folder that somebody dropped, as a tar: headers in between, the files themselves read by the browser when it sends.

const BLOCK = 512;
const MAX_FILES = 20000;
const bytes = new TextEncoder();

function field(header, text, at, length) {
  header.set(bytes.encode(text).subarray(0, length), at);
}

function block(name, size, type) {
  const header = new Uint8Array(BLOCK);
  field(header, name, 0, 100);
  field(header, type === "5" ? "0000755" : "0000644", 100, 7);
  for (const at of [108, 116]) field(header, "0000000", at, 7);
  field(header, size.toString(8).padStart(11, "0"), 124, 11);
  field(header, "00000000000", 136, 11);
  field(header, "        ", 148, 8);
  field(header, type, 156, 1);
  field(header, "ustar", 257, 5);
  field(header, "00", 263, 2);
  const sum = header.reduce((total, byte) => total + byte, 0);
  field(header, `${sum.toString(8).padStart(6, "0")}\0 `, 148, 8);
  return header;
}

const padding = (size) => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

/** A record says its own length, digits included. */
function record(path) {
  const rest = bytes.encode(` path=${path}\n`).length;
  let length = rest;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return bytes.encode(`${length} path=${path}\n`);
}

function header(path, size, type) {
  if (bytes.encode(path).length <= 100) return [block(path, size, type)];
  const said = record(path);
  return [block("long-name", said.length, "x"), said, padding(said.length), block("long", size, type)];
}

const read = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const opened = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** The folder's content, packed from within. */
export async function packed(folder) {
  const parts = [];
  let count = 0;
  const walk = async (entry, path) => {
    if (++count > MAX_FILES) throw new Error(`More than ${MAX_FILES} files: pack them with tar, and send the archive.`);
    if (entry.isFile) {
      const file = await opened(entry);
      parts.push(...header(path, file.size, "0"), file, padding(file.size));
      return;
    }
    if (path) parts.push(...header(`${path}/`, 0, "5"));
    const reader = entry.createReader();
    for (let found = await read(reader); found.length; found = await read(reader)) {
      for (const inner of found) await walk(inner, path ? `${path}/${inner.name}` : inner.name);
    }
  };
  await walk(folder, "");
  return new Blob([...parts, new Uint8Array(2 * BLOCK)]);
}
