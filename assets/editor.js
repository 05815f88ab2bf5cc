// The code editor, loaded only by pages that edit definitions: static/js/ imports these names from it.
export { StreamLanguage } from "@codemirror/language";
export { dockerFile } from "@codemirror/legacy-modes/mode/dockerfile";
export { shell } from "@codemirror/legacy-modes/mode/shell";
export { yaml } from "@codemirror/legacy-modes/mode/yaml";
export { Compartment, EditorState } from "@codemirror/state";
export { oneDark } from "@codemirror/theme-one-dark";
export { EditorView, keymap } from "@codemirror/view";
export { basicSetup } from "codemirror";
