// The text into a .cnn file of the studio's folder, and the command that trains it.

import { make, tell } from "../dom.js";
import { wire } from "../wire.js";
import { words } from "../words.js";

const said = words.build.saving;

export class Saving {
  #saved = ""; // the text that lies in the file of this name
  #file = "";

  constructor({ text, saved }) {
    this.text = text;
    this.onsaved = saved;
    this.name = make("input", { value: said.usual, maxLength: 80, spellcheck: false, "aria-label": said.name, oninput: () => this.show() });
    this.button = make("button", { class: "strong", onclick: () => this.#save(false) }, said.save);
    this.replaceButton = make("button", { hidden: true, onclick: () => this.#save(true) }, said.replace);
    this.state = make("span", { class: "soft", role: "status" });
    this.command = make("code");
    this.copyButton = make("button", { onclick: () => this.#copy() }, said.copy);
    this.element = make("section", { class: "saving" }, make("h2", {}, said.title),
      make("div", { class: "controls" }, make("label", {}, this.name, ".cnn"), this.button, this.replaceButton, this.state),
      make("div", { class: "command" }, this.command, this.copyButton), make("p", { class: "soft" }, said.note));
  }

  // input: what goes into the network, which says whether the digits suit it.
  show(input = this.input) {
    this.input = input;
    const file = `${this.name.value.trim() || said.usual}.cnn`;
    const data = input?.join() === "1,8,8" ? "digits" : said.data;
    this.command.textContent = `striate train ${data} --network ${/\s/.test(file) ? `"${file}"` : file}`;
    this.state.textContent = this.#file !== file ? "" : this.#saved === this.text() ? said.saved(file) : said.changed(file);
    this.replaceButton.hidden = true;
  }

  async #save(replace) {
    const text = this.text();
    try {
      const found = await wire.ask({ kind: "save", text, name: this.name.value.trim() || said.usual, replace });
      if (found.saved) {
        this.#saved = text;
        this.#file = found.name;
        this.show();
        this.onsaved(found.name);
      } else {
        this.state.textContent = said.there(found.name);
        this.replaceButton.hidden = false;
      }
    } catch (error) {
      tell(error.message, { error: true });
    }
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.command.textContent);
      tell(said.copied);
    } catch {
      getSelection().selectAllChildren(this.command); // so that Ctrl-C takes it
    }
  }
}
