// The notation in a text field: painted, its first error marked in place, words to take by key or click.

import { make } from "../dom.js";
import { words } from "../words.js";
import { suggestAt, written } from "./suggestions.js";

const said = words.build.editor;
const TOKENS = /#[^\n]*|[A-Za-z_][\w.]*|\d+(?:\.\d+)?(?:x\d+)*(?:e-?\d+)?|[>[\](){}|,=+\-*/]|\s+|./g;
const MOST = 7; // suggestions at once

export class Editor {
  #vocabulary = { words: [], zoo: [] };
  #fault = null;
  #offered = [];
  #chosen = -1;
  #closed = false; // until the next key: Esc has been pressed, or something taken

  // change(): another text; take(name): the text of a known network is wanted.
  constructor({ change, take }) {
    this.change = change;
    this.take = take;
    this.area = make("textarea", {
      id: "network-text", spellcheck: false, autocapitalize: "off", autocomplete: "off", "aria-label": said.label,
      "aria-describedby": "fault", "aria-autocomplete": "list", "aria-controls": "offered", rows: 1,
      oninput: () => this.#edited(), onkeydown: (event) => this.#key(event),
      onblur: () => setTimeout(() => { if (document.activeElement !== this.area) this.#offer([]); }, 150),
      onclick: () => this.#suggest(), onkeyup: (event) => { if (/^(Arrow|Home|End)/.test(event.key) && !this.#offered.length) this.#place(); },
    });
    this.paint = make("pre", { "aria-hidden": "true" });
    this.message = make("p", { id: "fault", class: "message" });
    this.list = make("ul", { id: "offered", role: "listbox", "aria-label": said.suggestions, hidden: true });
    this.bubble = make("div", { class: "bubble", hidden: true }, this.message, this.list);
    this.element = make("div", { class: "editor" },
      make("div", { class: "scroller", onscroll: () => this.#place() }, make("div", { class: "stack" }, this.paint, this.area)), this.bubble);
    new ResizeObserver(() => this.#place()).observe(this.element);
  }

  get text() { return this.area.value; }

  set text(text) {
    this.area.value = text;
    this.#fault = null;
    this.area.removeAttribute("aria-invalid");
    this.#offer([]);
    this.#draw();
  }

  set vocabulary(found) {
    this.#vocabulary = found;
    this.#draw();
  }

  // Put a text in the place of a part, so that undo takes it back.
  replace(from, to, text) {
    this.area.focus();
    this.area.setSelectionRange(from, to);
    const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
    if (!done) {
      this.area.setRangeText(text, from, to, "end");
      this.#edited();
    }
  }

  // fault: what Python says of the text: {message, at, fixes}, or null.
  showFault(fault) {
    if (!fault && !this.#fault) return;
    this.#fault = fault;
    if (fault) this.area.setAttribute("aria-invalid", "true");
    else this.area.removeAttribute("aria-invalid");
    this.#draw();
    this.#suggest();
  }

  #edited() {
    this.change(); // first, so that Python reads while the text is drawn
    this.#closed = false;
    this.#draw();
    this.#suggest();
  }

  // Write the text once more, with colours and the marks; it lies under the field.
  #draw() {
    const text = this.area.value;
    const names = new Set(this.#vocabulary.words.map((each) => each.name));
    const at = this.#fault?.at ?? -1;
    const parts = [];
    let place = 0;
    let marked = false;
    for (const [token] of text.matchAll(TOKENS)) {
      const end = place + token.length;
      const hit = !marked && at >= place && at < end && token.trim() !== "";
      const kind = token[0] === "#" ? "note" : /^\d/.test(token) ? "number" : names.has(token) ? "word" : /^[A-Za-z_]/.test(token) ? "name" : "sign";
      if (hit && at > place && kind === "note") { parts.push(make("span", { class: kind }, token.slice(0, at - place)), make("mark", {}, token.slice(at - place))); marked = true; }
      else if (hit) { parts.push(make("mark", { class: kind }, token)); marked = true; }
      else parts.push(kind === "sign" || !token.trim() ? token : make("span", { class: kind }, token));
      place = end;
    }
    if (at >= 0 && !marked) {
      // at a blank or the end: a place without a sign of its own
      const node = this.#split(parts, at);
      parts.splice(node, 0, make("mark", { class: "gap" }));
    }
    this.paint.replaceChildren(...parts, "\n");
  }

  // Where among the parts a place of the text is; a part that holds it is divided there.
  #split(parts, at) {
    let place = 0;
    for (let i = 0; i < parts.length; i += 1) {
      const own = typeof parts[i] === "string" ? parts[i] : parts[i].textContent;
      if (at === place) return i;
      if (at < place + own.length && typeof parts[i] === "string") {
        parts.splice(i, 1, own.slice(0, at - place), own.slice(at - place));
        return i + 1;
      }
      place += own.length;
    }
    return parts.length;
  }

  #suggest(asked = false) {
    if (this.#closed || document.activeElement !== this.area || this.area.selectionStart !== this.area.selectionEnd) {
      this.#offer([]);
      return;
    }
    const fixes = (this.#fault?.fixes ?? []).map(({ from, to, text }) => {
      const word = this.#vocabulary.words.find((each) => each.name === text);
      return { from, to, text: word ? written(word.name, word.example) : text, name: text.trim(), fix: true };
    });
    const more = suggestAt(this.area.value, this.area.selectionStart, this.#vocabulary, asked);
    const known = new Map(more.map((each) => [each.name, each])); // which go on as the word does
    const first = fixes.map((each) => { const same = known.get(each.name); known.delete(each.name); return same?.to === each.to ? same : each; });
    this.#offer([...first, ...known.values()].slice(0, MOST));
  }

  #offer(offered) {
    this.#offered = offered;
    this.#chosen = -1;
    this.list.hidden = !offered.length;
    this.list.replaceChildren(...offered.map((each, number) => make("li", { id: `offered-${number}`, role: "option", "aria-selected": "false",
      onpointerdown: (event) => { event.preventDefault(); this.#accept(number); } },
    make("b", {}, each.name), make("span", {}, each.fix ? said.fix : words.build.does[each.name] ?? each.title ?? each.example ?? ""), number === 0 ? make("kbd", {}, said.tab) : null)));
    this.area.removeAttribute("aria-activedescendant");
    this.#place();
  }

  #choose(number) {
    const count = this.#offered.length;
    this.#chosen = (number + count) % count;
    for (const [at, item] of [...this.list.children].entries()) item.setAttribute("aria-selected", String(at === this.#chosen));
    this.area.setAttribute("aria-activedescendant", `offered-${this.#chosen}`);
  }

  #accept(number) {
    const { from, to, text, zoo } = this.#offered[number];
    this.#offer([]);
    if (zoo) this.take(zoo);
    else this.replace(from, to, text);
    this.#closed = true;
    this.#offer([]);
  }

  #key(event) {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.#closed = false;
      this.#suggest(true);
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || !this.#offered.length) return;
    const accepts = (event.key === "Tab" && !event.shiftKey) || (event.key === "Enter" && this.#chosen >= 0);
    if (accepts) this.#accept(Math.max(0, this.#chosen));
    else if (event.key === "ArrowDown") this.#choose(this.#chosen + 1);
    else if (event.key === "ArrowUp" && this.#chosen >= 0) this.#choose(this.#chosen - 1);
    else if (event.key === "Escape") { this.#closed = true; this.#offer([]); }
    else return;
    event.preventDefault();
  }

  // Lay the message and the suggestions under their place: the error, or the caret.
  #place() {
    const fault = this.#fault;
    const empty = !this.area.value.trim() && document.activeElement !== this.area;
    this.message.textContent = fault && !empty ? fault.message : "";
    this.bubble.hidden = !(this.message.textContent || this.#offered.length);
    if (this.bubble.hidden) return;
    const caret = this.area.selectionStart;
    const lineOf = (at) => this.area.value.slice(0, at).split("\n").length;
    const atCaret = this.#offered.length && !(fault?.at >= 0 && lineOf(fault.at) === lineOf(caret));
    const own = this.paint.querySelector("mark");
    const spot = atCaret || !own ? this.#caretBox(fault?.at == null && !this.#offered.length ? 0 : caret) : own.getBoundingClientRect();
    const around = this.element.getBoundingClientRect();
    const room = around.width - this.bubble.offsetWidth - 4;
    const x = spot.left - around.left;
    const left = Math.max(4, Math.min(x - 14, room));
    this.bubble.style.left = `${left}px`;
    this.bubble.style.top = `${Math.min(around.height, Math.max(0, spot.bottom - around.top)) + 7}px`;
    this.bubble.style.setProperty("--x", `${Math.max(4, x - left)}px`);
    this.bubble.classList.toggle("wrong", Boolean(this.message.textContent));
  }

  // Where on the screen a place of the text is.
  #caretBox(at) {
    const walker = document.createTreeWalker(this.paint, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    let left = at;
    while (walker.nextNode()) {
      const { length } = walker.currentNode;
      if (left <= length) {
        range.setStart(walker.currentNode, left);
        range.collapse(true);
        const [box] = range.getClientRects();
        if (box) return box;
      }
      left -= length;
    }
    return this.paint.getBoundingClientRect();
  }
}
