// The page: pictures come in as files, drops, pastes and from the camera; answers go out as cards.
const about = JSON.parse(document.getElementById("about").textContent);
const words = about.words;
const at = (id) => document.getElementById(id);
const MAP = "map";

function make(tag, attributes = {}, ...content) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...content);
  return node;
}

const say = (text) => { at("status").textContent = text; };
const fillIn = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const tiny = (value) => (value === 0 ? "0" : value < 0.001 ? value.toExponential(1) : value.toFixed(3));
const percent = (share) => `${(100 * share).toFixed(share > 0.9995 || share < 0.0005 ? 2 : 1)} %`;

// ---- the engine ---------------------------------------------------------------------------------

async function bytesOf(id) {
  const node = at(id);
  const held = bytesOfText(node.textContent.trim());
  const packed = node.dataset.packed === "gzip";
  node.remove(); // the text takes more memory than what it says
  if (!packed) return held;
  const stream = new Blob([held]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function bytesOfText(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const held = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) held[index] = binary.charCodeAt(index);
  return held;
}

let ask; // (work, rest) => promise
const waiting = new Map();
let number = 0;

async function makeEngine(text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  let send;
  const heard = ({ id, done, failed }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (failed === undefined) resolve(done);
    else reject(new Error(failed));
  };
  try {
    const worker = new Worker(address, { type: "module" });
    await new Promise((resolve, reject) => {
      worker.onerror = reject;
      worker.onmessage = resolve;
      worker.postMessage({ id: -1, work: "none" });
      setTimeout(reject, 3000);
    });
    worker.onerror = null;
    worker.onmessage = ({ data }) => heard(data);
    send = (message) => worker.postMessage(message);
  } catch {
    await import(address);
    send = (message) => globalThis.answerHere(message, heard);
  }
  URL.revokeObjectURL(address);
  ask = (work, rest) => new Promise((resolve, reject) => {
    const id = number++;
    waiting.set(id, { resolve, reject });
    send({ id, work, ...rest });
  });
}

let outputs = [];

async function classify({ pixels, rows, columns }, { orientation = 1, map = true } = {}) {
  const wanted = outputs.filter((name) => map || name !== MAP);
  return ask("answer", { pixels, rows, columns, orientation, outputs: wanted });
}

// ---- answers ------------------------------------------------------------------------------------

function read(given) {
  const shares = Array.from(given.probabilities.data);
  const order = shares.map((_, index) => index).sort((a, b) => shares[b] - shares[a]);
  const best = order[0], node = given.node?.data[0] ?? given.class.data[0]; // whole numbers of 64 bits
  const climbed = node >= about.classes.length;
  return {
    shares, order, best, climbed, refused: node < 0, distance: given.distance?.data[0],
    name: climbed ? about.nodes[node] : about.classes[best],
    share: climbed ? given.node_probability.data[0] : shares[best],
  };
}

function whyRefused(found) {
  if (about.farthest !== null && !(found.distance <= about.farthest)) return words.unlike;
  const least = about.least[found.best];
  return least === null ? words.never : fillIn(words.unsure, { asked: percent(least) });
}

function barsOf(found) {
  const rows = found.order.slice(0, 5).map((index) => make("li", {},
    make("bdi", { class: "name" }, about.classes[index]),
    make("span", { class: "bar", style: `--share:${found.shares[index].toFixed(4)}`, "aria-hidden": "true" }),
    make("span", { class: "number" }, percent(found.shares[index]))));
  return make("ol", { class: "bars" }, ...rows);
}

async function show(canvas, name, notes) {
  const card = make("article", { class: "card", "aria-busy": "true" });
  at("answers").prepend(card);
  const small = shrink(canvas);
  try {
    const { given, milliseconds } = await classify(pixelsOf(canvas));
    const found = read(given);
    const title = found.refused
      ? make("h3", { class: "refused" }, words.unknown)
      : make("h3", {}, make("bdi", {}, found.name), make("span", { class: "share" }, percent(found.share)));
    const figure = make("div", { class: "figure" }, small);
    small.setAttribute("role", "img");
    small.setAttribute("aria-label", name);
    const lines = [...notes];
    const guess = { name: about.classes[found.best], share: percent(found.shares[found.best]) };
    if (found.refused) lines.unshift(whyRefused(found), fillIn(words.guess, guess));
    if (found.climbed) lines.unshift(fillIn(words.climbed, guess));
    const tools = make("p", { class: "tools" }, lookButton(figure, small, given, found));
    card.append(figure, make("div", { class: "said" }, title, ...lines.map((line) => make("p", { class: "soft" }, line)),
      barsOf(found), tools, make("p", { class: "soft file" }, make("bdi", {}, name), ` · ${canvas.width} × ${canvas.height} · ${fillIn(words.took, { time: Math.round(milliseconds) })}`)));
  } catch (error) {
    card.append(make("p", { class: "error" }, fillIn(words.failed, { name, why: error.message })));
  }
  card.removeAttribute("aria-busy");
}

// ---- where it looked ----------------------------------------------------------------------------

function lookButton(figure, small, given, found) {
  let shown;
  const button = make("button", { type: "button", "aria-pressed": "false" }, words.look);
  button.addEventListener("click", async () => {
    if (!shown) {
      button.disabled = true;
      const map = about.map && given[MAP];
      const layer = map ? layMap(small, ofClass(map, found.best)) : layCover(small, await coverParts(small, found, (share) => {
        button.textContent = fillIn(words.covering, { share: percent(share) });
      }));
      layer.setAttribute("aria-hidden", "true");
      const legend = fillIn(map ? words.mapLegend : words.coverLegend, { name: about.classes[found.best] });
      shown = [layer, make("p", { class: "soft legend", role: "status" }, legend)];
      figure.append(layer);
      figure.after(shown[1]);
      for (const each of shown) each.hidden = true;
      button.textContent = words.look;
      button.disabled = false;
    }
    for (const each of shown) each.hidden = !each.hidden;
    button.setAttribute("aria-pressed", String(!shown[0].hidden));
  });
  return button;
}

function ofClass({ data, dims }, index) {
  const [rows, columns] = dims.slice(-2);
  return { rows, columns, values: data.slice(index * rows * columns, (index + 1) * rows * columns) };
}

// A cell at (row, column) looks at the input's pixel offset + stride x cell; the picture lies in the
// input as the classifier places it.
function layMap(small, { rows, columns, values }) {
  const { height, width, fit, crop_ratio: ratio } = about.placement;
  const across = small.width, down = small.height;
  let scaleX, scaleY;
  if (fit === "squash") [scaleX, scaleY] = [across / width, down / height];
  else {
    const by = fit === "pad" ? Math.max(across / width, down / height) : Math.min(across / width, down / height) / ratio;
    scaleX = scaleY = by;
  }
  const [[top, left], [strideRows, strideColumns]] = [about.map.offset, about.map.stride];
  const place = (x, y) => [across / 2 + (x - width / 2) * scaleX, down / 2 + (y - height / 2) * scaleY];
  // cells of the rim reach to the end of what the network sees
  const [x0, y0] = place(left + 0.5 - 1.5 * strideColumns, top + 0.5 - 1.5 * strideRows);
  const [x1, y1] = place(left + 0.5 + strideColumns * (columns + 0.5), top + 0.5 + strideRows * (rows + 0.5));
  const [[sx, sy], [ex, ey]] = [place(0, 0), place(width, height)];
  const seen = new Path2D();
  seen.rect(sx, sy, ex - sx, ey - sy);
  return veil(small, brightness(rows, columns, values, 1), [x0, y0, x1 - x0, y1 - y0], seen);
}

function layCover(small, { rows, columns, values }) {
  return veil(small, brightness(rows, columns, values), [0, 0, small.width, small.height]);
}

// What spoke for the class stays as it is, the rest is darkened; what the network never saw, too.
function veil(small, bright, place, seen) {
  const layer = canvasOf(small.width, small.height);
  const context = layer.getContext("2d");
  context.fillStyle = "rgb(0 0 0 / 0.72)";
  context.fillRect(0, 0, layer.width, layer.height);
  context.globalCompositeOperation = "destination-out";
  if (seen) context.clip(seen);
  context.imageSmoothingQuality = "high";
  context.drawImage(bright, ...place);
  return layer;
}

function brightness(rows, columns, values, rim = 0) {
  const grid = canvasOf(columns + 2 * rim, rows + 2 * rim);
  const context = grid.getContext("2d");
  const image = context.createImageData(grid.width, grid.height);
  const most = Math.max(...values, 1e-12);
  const within = (place, count) => Math.min(Math.max(place - rim, 0), count - 1);
  for (let y = 0; y < grid.height; y++) {
    for (let x = 0; x < grid.width; x++) {
      const value = values[within(y, rows) * columns + within(x, columns)];
      image.data[4 * (y * grid.width + x) + 3] = Math.round(255 * (Math.max(0, value) / most) ** 0.7);
    }
  }
  context.putImageData(image, 0, 0);
  return grid;
}

// Without a map in the network: cover one part after another and see how far the answer falls.
async function coverParts(small, found, progress) {
  const sides = 7;
  const whole = read((await classify(pixelsOf(small), { map: false })).given).shares[found.best];
  const values = new Float32Array(sides * sides);
  for (let cell = 0; cell < values.length; cell++) {
    const covered = canvasOf(small.width, small.height);
    const context = contextOf(covered);
    context.drawImage(small, 0, 0);
    context.fillStyle = "rgb(128 128 128)";
    const row = Math.floor(cell / sides), column = cell % sides;
    context.fillRect((column - 0.5) * small.width / sides, (row - 0.5) * small.height / sides, 2 * small.width / sides, 2 * small.height / sides);
    values[cell] = whole - read((await classify(pixelsOf(covered), { map: false })).given).shares[found.best];
    progress((cell + 1) / values.length);
  }
  return { rows: sides, columns: sides, values };
}

// ---- pictures come in ---------------------------------------------------------------------------

async function take(files) {
  const pictures = Array.from(files);
  for (const [index, file] of pictures.entries()) {
    if (pictures.length > 1) say(fillIn(words.reading, { done: index + 1, all: pictures.length }));
    const name = file.name || words.pasted;
    let canvas;
    try {
      canvas = await decode(file, about.background);
    } catch {
      at("answers").prepend(make("article", { class: "card" }, make("p", { class: "error" }, fillIn(words.unreadable, { name }))));
      continue;
    }
    await show(canvas, name, (await isDeep(file)) ? [words.deep] : []);
  }
  say(words.ready);
}

let stream;

async function switchCamera() {
  const [video, button] = [at("video"), at("camera")];
  if (stream) {
    stream.getTracks().forEach((track) => track.stop());
    stream = undefined;
    at("live").hidden = true;
    button.setAttribute("aria-pressed", "false");
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    say(fillIn(words.noCamera, { why: error.name }));
    return;
  }
  video.srcObject = stream;
  await video.play();
  at("live").hidden = false;
  button.setAttribute("aria-pressed", "true");
  while (stream) {
    const found = read((await classify(pixelsOf(still(video)), { map: false })).given);
    at("seen").textContent = found.refused ? words.unknown : `${found.name} · ${percent(found.share)}`;
    at("live-bars").replaceChildren(barsOf(found));
    await new Promise(requestAnimationFrame);
  }
}

function still(video) {
  const canvas = canvasOf(video.videoWidth, video.videoHeight);
  contextOf(canvas).drawImage(video, 0, 0);
  return canvas;
}

// ---- the proof ----------------------------------------------------------------------------------

async function prove() {
  const rows = at("proof-rows");
  const all = about.golden.length;
  const counts = { same: 0, decodedOtherwise: 0, different: 0 };
  let largest = 0;
  for (const golden of about.golden) {
    let kind = "different", told;
    try {
      const { difference, same, decoded } = await compareGolden(golden);
      kind = same ? "same" : decoded ? "different" : "decodedOtherwise";
      if (decoded) largest = Math.max(largest, difference);
      told = tiny(difference);
    } catch (error) {
      told = error.message;
    }
    counts[kind]++;
    rows.append(make("tr", {}, make("td", {}, golden.image.name), make("td", {}, words[kind]), make("td", { class: "number" }, told)));
    at("proof-said").textContent = fillIn(words.proving, { done: rows.childElementCount, all });
  }
  const agrees = counts.different === 0;
  const said = fillIn(agrees ? words.proved : words.notProved, { same: counts.same, all, largest: tiny(largest) });
  const decoding = counts.decodedOtherwise ? ` ${fillIn(words.decoding, { count: counts.decodedOtherwise })}` : "";
  at("proof-said").textContent = said + decoding;
  at("proof").classList.toggle("alarm", !agrees);
  document.documentElement.dataset.proof = agrees ? "agrees" : "differs";
}

// ---- the beginning ------------------------------------------------------------------------------

async function begin() {
  say(words.loading);
  try {
    await makeEngine(at("engine").textContent);
    const [program, machineCode, model] = await Promise.all(["program", "machine-code", "model"].map(bytesOf));
    ({ outputs } = await ask("start", { program, machineCode, model, inputs: about.inputs, level: about.level }));
  } catch (error) {
    say(fillIn(words.noEngine, { why: error?.message ?? error }));
    return;
  }
  at("files").addEventListener("change", ({ target }) => { take(target.files); target.value = ""; });
  at("snap").addEventListener("change", ({ target }) => { take(target.files); target.value = ""; });
  at("camera").addEventListener("click", switchCamera);
  addEventListener("paste", ({ clipboardData }) => take(clipboardData.files));
  addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  addEventListener("dragleave", () => document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    take(event.dataTransfer.files);
  });
  for (const control of document.querySelectorAll("[data-waits]")) control.disabled = false;
  say(words.ready);
  document.documentElement.dataset.engine = "ready";
  await prove();
}

begin();
