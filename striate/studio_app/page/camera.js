// The camera as the image, live: one picture after the other, the next once the last is answered.

import { wire } from "./wire.js";
import { words } from "./words.js";

const SIDE = 320; // of a picture on its way, at most

export class Camera {
  #stream = null;
  #video = null;
  frozen = false;

  get on() { return this.#stream !== null; }

  // Begin; throws where there is no camera, or none is allowed.
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error(words.cameraUnsafe);
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: false });
    this.#video = document.createElement("video");
    this.#video.srcObject = this.#stream;
    this.#video.muted = true;
    await this.#video.play();
    this.frozen = false;
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video = null;
  }

  // The next picture through a network; null while frozen or off.
  async see(network) {
    if (!this.#video || this.frozen) return null;
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, SIDE / Math.max(videoWidth, videoHeight));
    const [columns, rows] = [Math.max(1, Math.round(videoWidth * scale)), Math.max(1, Math.round(videoHeight * scale))];
    const canvas = new OffscreenCanvas(columns, rows);
    const pen = canvas.getContext("2d");
    pen.translate(columns, 0);
    pen.scale(-1, 1); // as in a mirror
    pen.drawImage(this.#video, 0, 0, columns, rows);
    const { data } = pen.getImageData(0, 0, columns, rows);
    const pixels = new Uint8Array(rows * columns * 3);
    for (let i = 0; i < rows * columns; i += 1) pixels.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
    return wire.see(network, pixels, rows, columns);
  }
}
