// What takes longer than one pass: maps that follow the brush as fast as they can, one at a time,
// and tests of them.

import { wire } from "../wire.js";

const REST = 150; // milliseconds without a change until maps are begun that take long
const FOLLOWS = 0.4; // seconds that a map may take to be finished though the brush has moved on
const CALM = 350; // milliseconds without a change until the tests

export class Following {
  #state = 0; // of the image: goes up with every change
  #era = 0; // goes up where answers to what was asked before count for nothing
  #of = new Map(); // the state that the map of a method is of
  #seconds = new Map(); // that a map takes
  #busy = null; // what is under way
  #changed = 0; // when
  #rested = -1; // the state whose tests were made
  #timer = 0;
  #away = false; // another room is shown

  // question(): image, strokes and classes; methods(): those that are wanted; map(method, found,
  // isNew), failed(method, message); rested(): all maps are of the newest state.
  constructor(hooks) { this.hooks = hooks; }

  isNew(method) { return this.#of.get(method) === this.#state; }

  seconds(method) { return this.#seconds.get(method); }

  // The first time counts for little, since the network is warmed up in it.
  took(method, seconds) {
    this.#seconds.set(method, Math.min(seconds, this.#seconds.get(method) ?? seconds));
  }

  // The brush has moved: maps that take long are begun anew once it rests, others are finished.
  changed() {
    this.#state += 1;
    this.#changed = performance.now();
    if (this.#busy && !(this.#busy.what === "map" && this.#follows(this.#busy.method))) this.#stop();
    this.go();
  }

  // Another image, network or class: nothing counts that was asked before.
  renew({ network = false } = {}) {
    this.#away = false;
    this.#era += 1;
    this.#of.clear();
    if (network) this.#seconds.clear();
    this.#stop();
    this.changed();
  }

  leave() {
    this.#away = true;
    this.#era += 1;
    clearTimeout(this.#timer);
    this.#stop();
  }

  go() {
    clearTimeout(this.#timer);
    if (this.#busy || this.#away) return; // it goes on behind what is under way
    const stale = this.hooks.methods().filter((method) => this.#of.get(method) !== this.#state);
    const quiet = performance.now() - this.#changed;
    const oldest = stale.filter((method) => quiet >= REST || this.#follows(method)).sort((a, b) => (this.#of.get(a) ?? -1) - (this.#of.get(b) ?? -1))[0];
    if (oldest) this.#make(oldest);
    else if (stale.length) this.#timer = setTimeout(() => this.go(), REST - quiet);
    else if (this.#rested !== this.#state) this.#timer = setTimeout(() => { this.#rested = this.#state; this.hooks.rested(); }, Math.max(0, CALM - quiet));
  }

  // Something that a button asks for, in the place of what is under way; null where something newer
  // has taken its place.
  async work(what, method, progress = null) {
    clearTimeout(this.#timer);
    this.#stop();
    const [own, state, era] = [{ what, method }, this.#state, this.#era];
    this.#busy = own;
    try {
      const found = await this.#ask(what, method, progress);
      return state === this.#state && era === this.#era ? found : null;
    } finally {
      this.#end(own);
    }
  }

  #follows(method) { return this.#seconds.get(method) <= FOLLOWS; }

  async #make(method) {
    const [own, state, era] = [{ what: "map", method }, this.#state, this.#era];
    this.#busy = own;
    try {
      const found = await this.#ask("map", method);
      if (found && era === this.#era) {
        this.#of.set(method, state);
        this.took(method, found.seconds);
        this.hooks.map(method, found, state === this.#state);
      }
    } catch (error) {
      if (era === this.#era) {
        this.#of.set(method, state);
        this.hooks.failed(method, error.message);
      }
    }
    this.#end(own);
  }

  #end(own) {
    if (this.#busy !== own) return; // something newer is under way
    this.#busy = null;
    this.go();
  }

  #ask(what, method, progress = null) {
    return wire.ask({ ...this.hooks.question(), kind: "slow", what, method }, progress);
  }

  // Whatever is under way ends at the next layer of the network.
  #stop() {
    if (!this.#busy || this.#busy.stopped) return;
    this.#busy.stopped = true;
    this.#ask("nothing", "").catch(() => {});
  }
}
