// The editor of Dockerfiles and the files beside them: a textarea with colours, and with what the server finds as one types.
//
// The textarea stays the form's field. Tab leaves the editor, as it leaves every field.
import { basicSetup, EditorView } from "codemirror";
import { Compartment } from "@codemirror/state";
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { tags } from "@lezer/highlight";
import { dockerFile } from "@codemirror/legacy-modes/mode/dockerfile";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { yaml } from "@codemirror/legacy-modes/mode/yaml";
import { javascript, json } from "@codemirror/legacy-modes/mode/javascript";
import { python } from "@codemirror/legacy-modes/mode/python";

const PAUSE = 350; // ms without a key before the server is asked
const LEVELS = { error: "error", warning: "warning", hint: "info" };
const MODES = [
  [/(^|\/)Dockerfile[^/]*$|\.dockerfile$/i, dockerFile],
  [/\.(ba|z)?sh$|(^|\/)(entrypoint|run)$/i, shell],
  [/\.ya?ml$/i, yaml],
  [/\.json$/i, json],
  [/\.m?[jt]s$/i, javascript],
  [/\.py$/i, python],
];

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.definitionKeyword, tags.atom], class: "ed-keyword" },
  { tag: [tags.string, tags.special(tags.string)], class: "ed-string" },
  { tag: [tags.comment, tags.meta], class: "ed-comment" },
  { tag: [tags.number, tags.bool, tags.variableName, tags.propertyName], class: "ed-name" },
]);

function language(name) {
  const mode = MODES.find(([pattern]) => pattern.test(name))?.[1];
  return mode ? StreamLanguage.define(mode) : [];
}

/** The editor in the textarea's place; `named` gives the file's name, which may change. */
function enhance(area, named) {
  const speech = new Compartment();
  const label = document.querySelector(`label[for="${area.id}"]`);
  const hint = area.getAttribute("aria-describedby");
  const view = new EditorView({
    doc: area.value,
    extensions: [
      EditorView.cspNonce.of(document.querySelector('meta[name="style-nonce"]')?.content ?? ""),
      basicSetup,
      EditorView.lineWrapping,
      syntaxHighlighting(colours),
      speech.of(language(named())),
      area.dataset.editor === "dockerfile" ? lintGutter() : [],
      EditorView.editorAttributes.of({ class: "editor", "data-rows": String(area.rows) }),
      EditorView.contentAttributes.of({
        "aria-label": label?.textContent.trim() ?? "Text",
        ...(hint ? { "aria-describedby": hint } : {}),
        spellcheck: "false",
      }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        area.value = update.state.doc.toString();
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }),
    ],
  });
  area.after(view.dom);
  area.hidden = true;
  label?.addEventListener("click", () => view.focus());
  area.form?.addEventListener("reset", () => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: area.defaultValue } }));
  return { view, renamed: () => view.dispatch({ effects: speech.reconfigure(language(named())) }) };
}

function say(list, findings) {
  const rows = findings.map((found) => {
    const row = document.createElement("li");
    row.className = `finding finding-${found.level}`;
    const level = document.createElement("strong");
    level.textContent = found.level;
    const where = document.createElement("button");
    where.type = "button";
    where.textContent = `line ${found.line}`;
    where.dataset.line = found.line;
    row.append(level, " ", where, " ", found.text);
    return row;
  });
  list.replaceChildren(...rows);
  const said = list.parentElement.querySelector("[data-findings-said]");
  const count = findings.length;
  if (said) said.textContent = count ? `${count} ${count === 1 ? "remark" : "remarks"}` : "Nothing to remark.";
}

function marks(view, findings) {
  const doc = view.state.doc;
  return findings
    .filter((found) => found.line <= doc.lines)
    .map((found) => ({
      from: doc.line(found.line).from,
      to: doc.line(Math.min(found.last, doc.lines)).to,
      severity: LEVELS[found.level],
      message: found.text,
    }));
}

/** Asks the server a moment after the last key; an answer that comes late, after another key, is dropped. */
function lint(area, view, list) {
  let timer = 0;
  let asked = 0;
  const paths = () => [...area.form.querySelectorAll("[name=file_path]")].map((box) => box.value.trim()).filter(Boolean);
  async function ask() {
    const mine = ++asked;
    try {
      const answer = await fetch(area.dataset.lint, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
        body: JSON.stringify({ dockerfile: area.value, files: area.dataset.alone === "false" ? null : paths() }),
        signal: AbortSignal.timeout(8000),
      });
      if (!answer.ok || mine !== asked) return;
      const { findings } = await answer.json();
      if (mine !== asked) return;
      view.dispatch(setDiagnostics(view.state, marks(view, findings)));
      say(list, findings);
    } catch {
      // No answer: the next key asks again, and saving checks what must be checked.
    }
  }
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  };
  area.form.addEventListener("input", soon);
  list.addEventListener("click", (event) => {
    const line = Number(event.target.dataset?.line);
    if (!line || line > view.state.doc.lines) return;
    view.dispatch({ selection: { anchor: view.state.doc.line(line).from }, scrollIntoView: true });
    view.focus();
  });
  ask();
}

for (const area of document.querySelectorAll("textarea[data-editor=dockerfile]")) {
  const { view } = enhance(area, () => "Dockerfile");
  const list = document.getElementById(area.dataset.findings);
  if (list && area.dataset.lint) lint(area, view, list);
}
for (const area of document.querySelectorAll("textarea[data-editor=file]")) {
  const name = document.getElementById(area.dataset.named);
  const { renamed } = enhance(area, () => name?.value ?? "");
  name?.addEventListener("change", renamed);
}
