// The log viewer: lines by WebSocket, each once and in order; a cut connection resumes at the last number.
//
// <section data-log="ID"> with [data-log-lines] (the scrolling box) and, optionally, [data-log-state],
// [data-log-follow], [data-log-wrap] and [data-log-count] inside. Only rows near the viewport are in the document.

import { render } from "./ansi.js";

const ROW = 20; // px; the same as --log-row in log.css
const MARGIN = 40; // rows kept above and below what is seen
const MAX_LINES = 300_000; // held in the page; older ones are dropped, and that is said
const RETRY_MS = [250, 500, 1000, 2000, 4000, 8000];
const FINAL = new Set([4401, 4403]);

class LogView {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector("[data-log-lines]");
    this.lines = []; // [number, unix ms, stream, text]
    this.last = 0;
    this.following = true;
    this.over = null;
    this.tries = 0;
    this.scheduled = false;
    this.drawn = "";
    this.build();
    this.connect();
  }

  part(name) {
    return this.root.querySelector(`[data-log-${name}]`);
  }

  build() {
    this.space = document.createElement("div");
    this.space.className = "log-space";
    this.rows = document.createElement("ol");
    this.rows.className = "log-rows";
    this.space.append(this.rows);
    this.room = Number(this.box.querySelector("svg")?.getAttribute("height") ?? 0); // kept until the lines are here
    this.space.style.height = `${this.room}px`;
    this.box.replaceChildren(this.space);
    this.box.tabIndex = 0;
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.part("follow")?.addEventListener("click", () => this.follow(!this.following));
    document.addEventListener("visibilitychange", () => this.later());
    window.addEventListener("hashchange", () => this.jump());
    new ResizeObserver(() => this.later()).observe(this.box);
    this.root.logView = this;
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws/logs/${this.root.dataset.log}/?after=${this.last}`);
    this.socket = socket;
    this.say(this.tries ? "reconnecting" : "connecting");
    socket.addEventListener("open", () => {
      this.tries = 0;
      this.say("live");
    });
    socket.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.closed(event.code));
  }

  closed(code) {
    if (this.over) return;
    if (FINAL.has(code)) {
      this.say(code === 4401 ? "signed-out" : "forbidden");
      return;
    }
    this.say("reconnecting");
    const pause = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    setTimeout(() => this.connect(), pause * (0.75 + Math.random() / 2));
  }

  take(frame) {
    for (const line of frame.lines) {
      if (line[0] <= this.last) continue;
      this.lines.push(line);
      this.last = line[0];
    }
    if (this.lines.length > MAX_LINES) this.lines.splice(0, this.lines.length - MAX_LINES);
    if (frame.end) {
      this.over = frame.end;
      this.say("ended");
      this.socket.close(1000);
    }
    this.later();
  }

  say(state) {
    this.root.dataset.logConnection = state;
    const words = {
      connecting: "Connecting",
      live: "Live",
      reconnecting: "Connection lost, trying again",
      ended: "Ended",
      "signed-out": "Signed out: sign in again to go on",
      forbidden: "You may no longer see this log",
    };
    const shown = this.part("state");
    if (shown) shown.textContent = words[state];
  }

  follow(on) {
    this.following = on;
    const button = this.part("follow");
    button?.setAttribute("aria-pressed", String(on));
    this.later();
  }

  scrolled() {
    const bottom = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight;
    const atEnd = bottom < ROW * 2;
    if (atEnd !== this.following && !this.placing) this.follow(atEnd);
    this.later();
  }

  jump() {
    const match = /^#L(\d+)$/.exec(location.hash);
    if (match) this.show(Number(match[1]));
  }

  /** Bring line `number` into view and mark it. */
  show(number) {
    const at = this.lines.findIndex((line) => line[0] >= number);
    if (at < 0) return;
    this.marked = number;
    this.follow(false);
    this.box.scrollTop = Math.max(0, at * ROW - this.box.clientHeight / 3);
    this.later();
  }

  later() {
    if (this.scheduled || document.hidden) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  draw() {
    const total = this.lines.length;
    this.space.style.height = `${this.over ? total * ROW : Math.max(total * ROW, this.room)}px`;
    if (this.following) {
      this.placing = true;
      this.box.scrollTop = this.box.scrollHeight;
      requestAnimationFrame(() => {
        this.placing = false;
      });
    }
    const seen = Math.ceil(this.box.clientHeight / ROW);
    const top = Math.floor(this.box.scrollTop / ROW);
    const from = Math.max(0, top - MARGIN);
    const to = Math.min(total, top + seen + MARGIN);
    const key = `${from}:${to}:${this.lines[from]?.[0]}:${this.marked}`;
    if (key !== this.drawn) {
      this.drawn = key;
      this.rows.style.transform = `translateY(${from * ROW}px)`;
      this.rows.replaceChildren(...this.lines.slice(from, to).map((line) => this.row(line)));
    }
    const count = this.part("count");
    if (count) count.textContent = this.summary(total);
    if (!this.jumped && total && location.hash) {
      this.jumped = true;
      this.jump();
    }
  }

  summary(total) {
    if (!total) return this.over ? "No lines" : "No lines yet";
    const first = this.lines[0][0];
    const lines = `${this.last.toLocaleString()} ${this.last === 1 ? "line" : "lines"}`;
    return first > 1 ? `${lines}, shown from ${first.toLocaleString()}` : lines;
  }

  row(line) {
    const [number, ms, stream, text] = line;
    const item = document.createElement("li");
    item.className = `log-row log-${stream}${number === this.marked ? " log-marked" : ""}`;
    const link = document.createElement("a");
    link.href = `#L${number}`;
    link.className = "log-number";
    link.textContent = number;
    link.tabIndex = -1;
    const time = document.createElement("time");
    const at = new Date(ms);
    time.dateTime = at.toISOString();
    time.textContent = at.toLocaleTimeString([], { hour12: false });
    const words = document.createElement("span");
    words.className = "log-text";
    render(words, text);
    item.append(link, time, words);
    return item;
  }
}

function start(scope) {
  for (const root of scope.querySelectorAll("[data-log]")) {
    if (!root.logView) root.logView = new LogView(root);
  }
}

start(document);
document.addEventListener("htmx:load", (event) => start(event.detail.elt.parentElement ?? document));
document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step-line]");
  const view = step && document.querySelector("[data-log]")?.logView;
  if (!view) return;
  view.show(Number(step.dataset.stepLine));
  view.root.scrollIntoView({ block: "nearest" });
});
