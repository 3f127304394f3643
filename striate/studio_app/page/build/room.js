// The room Build: a network text with everything that follows from it, at every keystroke.

import { make, speak, tell } from "../dom.js";
import { readPlace, writePlace } from "../place.js";
import { wire } from "../wire.js";
import { words } from "../words.js";
import { Costs } from "./costs.js";
import { DiagramPanel } from "./diagram.js";
import { Editor } from "./editor.js";
import { Saving } from "./saving.js";
import { SightPanel } from "./sight.js";
import { LayerTable } from "./table.js";

const said = words.build;
const KEPT = "build.text"; // in the browser, for the next time
const PAUSE = 350; // milliseconds after the last key, for what need not be at once
const DRAWN = 200; // the same for the drawing: it is not to come between two keys

const FIRST = `# ${said.firstName}
input 1x8x8 classes=10
conv 16 > relu
conv 32 > relu > maxpool 2
flatten > fc
`;

export class Room {
  uses = [];
  keys = { rows: said.keys };

  constructor(frame) {
    this.frame = frame;
    this.layer = "";
    this.image = "";
    this.editor = new Editor({ change: () => this.#check(), take: (name) => this.#take(name) });
    const choose = (layer) => this.#move({ layer });
    this.costs = new Costs({ choose });
    this.table = new LayerTable({ choose });
    this.diagram = new DiagramPanel({ choose });
    this.sight = new SightPanel({ moved: (change) => this.#move(change), image: () => frame.pictures({ choose: (image) => this.#look(image) }) });
    this.saving = new Saving({ text: () => this.editor.text, saved: () => this.#fetchWords() });
    this.state = make("p", { class: "state" });
    this.start = make("select", { "aria-label": said.start, onchange: () => { if (this.start.value) this.#take(this.start.value); this.start.value = ""; } });
    this.element = make("div", { class: "build" },
      make("div", { class: "writing" },
        make("div", { class: "headline" }, make("h2", {}, said.title), make("label", {}, this.start)),
        this.editor.element, this.state, this.saving.element),
      make("div", { class: "meaning" }, this.costs.element, this.diagram.element, this.sight.element, this.table.element));
  }

  async open(place) {
    const asked = readPlace(); // what the address itself says: an image of another room is none of ours
    if (asked.image) { this.image = asked.image; this.chosen = true; }
    if (place.layer) this.layer = place.layer;
    if (place.row >= 0) { this.sight.row = place.row; this.sight.column = place.column ?? -1; this.sight.kept = true; }
    const known = /^zoo\/(\w+)$/.exec(asked.network ?? "")?.[1];
    if (!this.vocabulary) await this.#fetchWords();
    this.costs.begin();
    if (place.text !== undefined) this.editor.text = place.text;
    else if (known) this.editor.text = (await wire.ask({ kind: "source", name: known })).text;
    else if (!this.editor.text) this.editor.text = localStorage.getItem(KEPT) ?? FIRST;
    await this.#check();
    return true;
  }

  async #fetchWords() {
    this.vocabulary = await wire.ask({ kind: "vocabulary" });
    this.editor.vocabulary = this.vocabulary;
    const { zoo, files } = this.vocabulary;
    this.start.replaceChildren(make("option", { value: "" }, said.start),
      ...(files.length ? [make("optgroup", { label: said.files }, ...files.map((name) => make("option", { value: name }, name)))] : []),
      make("optgroup", { label: words.groups.zoo }, ...zoo.map(({ name, title, year }) => make("option", { value: name }, `${title} (${year})`))));
  }

  // Begin with the text of a known network or a file.
  async #take(name) {
    try {
      const { text } = await wire.ask({ kind: "source", name });
      this.layer = "";
      this.editor.replace(0, this.editor.text.length, text);
      this.editor.area.setSelectionRange(0, 0);
    } catch (error) {
      tell(error.message, { error: true });
    }
  }

  async #check() {
    const { text } = this.editor;
    let found;
    try {
      found = await wire.ask({ kind: "check", text });
    } catch (error) {
      found = { fault: { message: error.message, at: null, fixes: [] } };
    }
    if (!found || text !== this.editor.text) return; // a newer text is on its way
    this.editor.showFault(found.fault);
    this.element.classList.toggle("stale", Boolean(found.fault));
    this.#say(found);
    if (!found.fault) this.#show(text, found);
    this.element.dispatchEvent(new Event("checked"));
    clearTimeout(this.later);
    this.later = setTimeout(() => this.#settle(text, found), PAUSE);
  }

  #say({ fault, rows, name }) {
    const { text } = this.editor;
    this.state.classList.toggle("error", Boolean(fault));
    if (!fault) { this.state.textContent = said.good(name, rows.length); return; }
    if (fault.at === null) { this.state.textContent = fault.message; return; }
    const before = text.slice(0, fault.at).split("\n");
    this.state.textContent = `${said.badAt(before.length, before.at(-1).length + 1, fault.message)}${/[.?]$/.test(fault.message) ? "" : "."} ${said.before}`;
  }

  #show(text, found) {
    this.found = found;
    this.costs.show(text, found);
    this.table.show(found);
    const names = new Set(found.rows.map((each) => each.name));
    if (!names.has(this.layer)) this.layer = this.#deepest(found).name;
    this.table.mark(this.layer);
    this.saving.show(found.input);
    if (!this.chosen) this.image = this.#ownImage(found.input[0]);
    clearTimeout(this.drawing);
    this.drawing = setTimeout(() => {
      this.sight.show(text, found, this.image, this.layer);
      this.diagram.show(text);
    }, DRAWN);
  }

  // The last layer whose units have places and do not see everything.
  #deepest({ rows, input }) {
    const placed = rows.filter(({ output, formulas, receptive_field: seen }) => output.length === 3 && output[1] > 1 && formulas.receptive_field && Math.max(...[seen].flat()) < Math.min(input[1], input[2]));
    return placed.at(-1) ?? rows[0];
  }

  #ownImage(channels) {
    const { images } = this.frame.offer;
    if (channels === 1) return "digits/0042";
    return (images.find((each) => each.group === "files") ?? images.find((each) => each.address === "photographs/flower"))?.address ?? "drawn/house";
  }

  // What need not be done at every key: the address, what a screen reader says.
  #settle(text, { fault }) {
    localStorage.setItem(KEPT, text);
    this.#write();
    if (fault) speak(this.state.textContent);
  }

  #write() {
    if (this.frame.room !== this) return;
    writePlace({ room: "build", image: this.image, layer: this.layer, row: this.sight.kept ? this.sight.row : undefined, column: this.sight.kept ? this.sight.column : undefined, text: this.editor.text });
  }

  #move({ layer = this.layer }) {
    if (layer !== this.layer) {
      this.layer = layer;
      this.table.mark(layer);
      if (this.found) this.sight.show(this.editor.text, this.found, this.image, layer);
    }
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.#write(), PAUSE);
  }

  #look(image) {
    this.image = image;
    this.chosen = true;
    if (this.found) this.sight.show(this.editor.text, this.found, image, this.layer);
    this.#write();
  }

  drop(entry) { this.#look(entry.address); }

  leave() { clearTimeout(this.later); clearTimeout(this.drawing); clearTimeout(this.writing); }

  repaint() { this.sight.repaint(); }
}
