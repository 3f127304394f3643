// Questions to Python and its answers, over one WebSocket.

import { words } from "./words.js";

const KINDS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array };

function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  for (const { name, dtype, shape, at } of said.arrays) {
    const count = shape.reduce((a, b) => a * b, 1);
    arrays[name] = { values: new KINDS[dtype](buffer, 4 + length + at, count), shape };
  }
  return { ...said, arrays };
}

function packPixels(said, pixels, rows, columns) {
  const head = new TextEncoder().encode(
    JSON.stringify({ ...said, arrays: [{ name: "pixels", dtype: "uint8", shape: [rows, columns, 3], at: 0 }] }),
  );
  const buffer = new Uint8Array(4 + head.length + pixels.length);
  new DataView(buffer.buffer).setUint32(0, head.length, true);
  buffer.set(head, 4);
  buffer.set(pixels, 4 + head.length);
  return buffer;
}

class Wire {
  #socket = null;
  #next = 1;
  #waiting = new Map();

  async open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#socket = new WebSocket(`${scheme}://${location.host}/live`);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => this.#hear(unpack(data));
    this.#socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(words.lost));
      this.#waiting.clear();
      this.onlost?.();
    };
    await new Promise((done, failed) => {
      this.#socket.onopen = done;
      this.#socket.onerror = () => failed(new Error(words.lost));
    });
  }

  // The answer, or null where a newer question took its place.
  ask(question, progress = null) {
    const id = this.#next++;
    return this.#send(id, JSON.stringify({ id, ...question }), progress);
  }

  see(network, pixels, rows, columns) {
    const id = this.#next++;
    return this.#send(id, packPixels({ id, network }, pixels, rows, columns), null);
  }

  #send(id, message, progress) {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error(words.lost));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress });
      this.#socket.send(message);
    });
  }

  #hear(answer) {
    const waiting = this.#waiting.get(answer.id);
    if (!waiting) return;
    if (answer.progress !== undefined) {
      waiting.progress?.(answer.progress, answer.share);
      return;
    }
    this.#waiting.delete(answer.id);
    if (answer.dropped) waiting.resolve(null);
    else if (answer.error !== undefined) waiting.reject(new Error(answer.error));
    else waiting.resolve(answer);
  }
}

export const wire = new Wire();
