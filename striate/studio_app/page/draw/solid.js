// The levels as floors of a building that turns: the input below, the answer on top; from a node
// lines go to what it got its value from. Canvas 2D and a projection of its own.

import { make } from "../dom.js";
import { colours, css } from "../numbers.js";
import { words } from "../words.js";
import { inPlane, onCanvas, Projection } from "./projection.js";

const WIDE = 13; // world units that a floor may be wide; less on narrow pages
const NARROW = 7;
const DEEP = 2.5; // and deep
const LARGEST = 0.7; // of a cell
const STOREY = 1.75; // from floor to floor
const TURN = 0.008; // radians a pixel
const KEY = 0.12; // radians a key

export class Solid {
  #floors = [];
  #mark = null;
  #edges = [];
  #frame = 0;
  #levels = null;
  #width = 0;
  #height = 0;
  #pointers = new Map();

  constructor({ point, pick, keydown }) {
    this.point = point;
    this.pick = pick;
    this.view = new Projection();
    this.canvas = make("canvas", { role: "application", tabIndex: 0, "aria-label": words.draw.solidLabel });
    this.hint = make("p", { class: "soft" }, words.draw.solidHint);
    const zoom = (by) => () => { this.zoom(by); };
    this.element = make("div", { class: "solid" }, this.canvas,
      make("div", { class: "turns" },
        make("button", { "aria-label": words.draw.nearer, onclick: zoom(1.25) }, "+"), make("button", { "aria-label": words.draw.farther, onclick: zoom(0.8) }, "−"),
        make("button", { onclick: () => this.reset() }, words.draw.straight)), this.hint);
    this.canvas.addEventListener("keydown", (event) => {
      if (this.#key(event) || keydown(event)) { event.preventDefault(); event.stopPropagation(); }
    });
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  reset() {
    this.view.reset();
    this.draw();
  }

  zoom(by) {
    this.view.zoom = Math.min(Math.max(this.view.zoom * by, 0.5), 8);
    this.draw();
  }

  #key({ key, shiftKey }) {
    const turns = { ArrowLeft: [-KEY, 0], ArrowRight: [KEY, 0], ArrowUp: [0, KEY], ArrowDown: [0, -KEY] };
    if (turns[key] && !shiftKey) { this.view.rotate(...turns[key]); this.draw(); return true; }
    if (key === "+" || key === "=") { this.zoom(1.25); return true; }
    if (key === "-") { this.zoom(0.8); return true; }
    if (key === "0") { this.reset(); return true; }
    return false;
  }

  #listen() {
    const { canvas } = this;
    let moved = 0;
    canvas.addEventListener("pointerdown", (event) => {
      this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
      canvas.setPointerCapture(event.pointerId);
      moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = this.#pointers.get(event.pointerId);
      if (!before) { this.#hover(event); return; }
      const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
      moved += Math.abs(dx) + Math.abs(dy);
      if (this.#pointers.size === 2) {
        const other = [...this.#pointers].find(([id]) => id !== event.pointerId)[1];
        const far = (x, y) => Math.hypot(x - other[0], y - other[1]) || 1;
        this.zoom(far(event.clientX, event.clientY) / far(...before));
      } else {
        this.view.rotate(dx * TURN, dy * TURN);
        this.draw();
      }
      this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    const end = (event) => {
      const pressed = this.#pointers.delete(event.pointerId);
      if (event.type !== "pointerup" || !pressed || moved > 6) return;
      const node = this.#under(event);
      if (node) this.pick(node.level, node);
    };
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, end);
    canvas.addEventListener("pointerleave", () => this.point(null, null));
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return; // as pinching is told; else the page scrolls
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.01));
    }, { passive: false });
  }

  #hover(event) {
    const node = this.#under(event);
    this.canvas.style.cursor = node ? "crosshair" : "grab";
    this.point(node?.level ?? null, node);
  }

  #under(event) {
    const from = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - from.left, event.clientY - from.top];
    for (const { floor, index, plane } of [...this.#order()].reverse()) {
      const at = inPlane(plane, x, y);
      if (!at) continue;
      const [u, v] = at.map(Math.floor);
      if (u < 0 || v < 0 || u >= floor.columns || v >= floor.rows) continue;
      const { level } = floor;
      if (level.isMaps) return { level, unit: index, row: v, column: u };
      const unit = v * floor.columns + u;
      if (unit < level.shown) return { level, unit, row: 0, column: 0 };
    }
    return null;
  }

  show(levels, isNew) {
    if (isNew) {
      this.#levels = levels;
      this.#width = 0;
    }
    this.draw();
  }

  // Lay the floors anew where the page has another width.
  #lay(width, height) {
    if (this.#width === width && this.#height === height) return;
    [this.#width, this.#height] = [width, height];
    const { list } = this.#levels;
    const wide = width < 560 ? NARROW : WIDE;
    this.#floors = list.map((level, at) => layFloor(level, (at - (list.length - 1) / 2) * STOREY, wide));
    this.view.fit(width, height, this.#floors.flatMap(({ up, places, columns, rows, cell }) => places.flatMap(([x, z]) =>
      [[x, up, z], [x + columns * cell, up, z], [x, up, z + rows * cell], [x + columns * cell, up, z + rows * cell]])));
  }

  mark(node, edges = []) {
    this.#mark = node;
    this.#edges = edges;
    this.draw();
  }

  draw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => { this.#frame = 0; this.#paint(); });
  }

  // Every plane, the farthest first: seen from above, from the lowest floor up.
  #order() {
    const planes = this.#floors.flatMap((floor) => floor.places.map((corner, index) => {
      const { cell, columns, rows, up } = floor;
      const middle = [corner[0] + (columns * cell) / 2, up, corner[1] + (rows * cell) / 2];
      const plane = this.view.plane(middle, [cell, 0, 0], [0, 0, cell]);
      // from its middle to its corner, in cells
      [plane.e, plane.f] = onCanvas(plane, -columns / 2, -rows / 2);
      return { floor, index, plane };
    }));
    const sign = this.view.tilt >= 0 ? 1 : -1;
    return planes.sort((one, other) => sign * (one.floor.up - other.floor.up) || other.plane.depth - one.plane.depth);
  }

  #paint() {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height || !this.#levels) return;
    this.#lay(width, height);
    const dense = window.devicePixelRatio || 1;
    const [wide, tall] = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== wide || canvas.height !== tall) [canvas.width, canvas.height] = [wide, tall];
    const pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    const planes = this.#order();
    const edges = this.#lines(planes);
    for (const each of planes) this.#drawPlane(pen, each, dense);
    this.#drawLines(pen, edges); // over everything, so that each can be followed to its end
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    this.#drawNames(pen, planes);
    if (this.#mark) this.#drawNode(pen, planes, this.#mark, colours().mark, 2);
  }

  #drawPlane(pen, { floor, index, plane }, dense) {
    const { a, b, c, d, e, f } = plane;
    const { columns, rows, level } = floor;
    const map = level.maps[index];
    pen.setTransform(a * dense, b * dense, c * dense, d * dense, e * dense, f * dense);
    pen.imageSmoothingEnabled = false;
    if (level.isMaps) pen.drawImage(map.canvas, 0, 0);
    else {
      for (let row = 0; row < rows; row += 1) {
        const count = Math.min(columns, level.shown - row * columns);
        if (count > 0) pen.drawImage(map.canvas, row * columns, 0, count, 1, 0, row, count, 1);
      }
    }
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.strokeStyle = css(colours().line);
    pen.lineWidth = 1;
    this.#outline(pen, plane, 0, 0, columns, rows);
    if (!level.isMaps && columns * rows <= 64) for (let i = 1; i < columns; i += 1) this.#outline(pen, plane, i, 0, 0, rows);
  }

  #outline(pen, plane, u, v, wide, high) {
    pen.beginPath();
    for (const [x, y] of [[u, v], [u + wide, v], [u + wide, v + high], [u, v + high]]) pen.lineTo(...onCanvas(plane, x, y));
    pen.closePath();
    pen.stroke();
  }

  // Where a node is: its plane, and its cell there.
  #find(planes, { level, unit, row, column }) {
    const found = planes.find(({ floor, index }) => floor.level === level && (!level.isMaps || index === unit));
    if (!found) return null;
    const [u, v] = level.isMaps ? [column, row] : [unit % found.floor.columns, Math.floor(unit / found.floor.columns)];
    return { plane: found.plane, u, v };
  }

  #lines(planes) {
    const end = this.#mark && this.#find(planes, this.#mark);
    if (!end) return [];
    const to = onCanvas(end.plane, end.u + 0.5, end.v + 0.5);
    const byMap = new Map(planes.map((each) => [`${each.floor.level.name} ${each.floor.level.isMaps ? each.index : 0}`, each]));
    const most = Math.abs(this.#edges[0]?.product ?? 1) || 1;
    return this.#edges.map((edge) => {
      const found = byMap.get(`${edge.level.name} ${edge.level.isMaps ? edge.unit : 0}`);
      const columns = found.floor.columns;
      const [u, v] = edge.level.isMaps ? [edge.column, edge.row] : [edge.unit % columns, Math.floor(edge.unit / columns)];
      return { from: onCanvas(found.plane, u + 0.5, v + 0.5), to, share: Math.abs(edge.product) / most, positive: edge.product > 0 };
    });
  }

  #drawLines(pen, lines) {
    const { above, below } = colours();
    pen.lineCap = "round";
    for (const { from, to, share, positive } of [...lines].reverse()) {
      pen.globalAlpha = 0.12 + 0.78 * share;
      pen.lineWidth = 0.6 + 2.2 * share;
      pen.strokeStyle = css(positive ? above : below);
      pen.beginPath();
      pen.moveTo(...from);
      pen.lineTo(...to);
      pen.stroke();
    }
    pen.globalAlpha = 1;
    pen.lineWidth = 1;
  }

  #drawNode(pen, planes, node, colour, thick) {
    const found = this.#find(planes, node);
    if (!found) return;
    for (const [own, width] of [[colours().paper, thick + 2], [colour, thick]]) {
      pen.strokeStyle = css(own);
      pen.lineWidth = width;
      this.#outline(pen, found.plane, found.u, found.v, 1, 1);
    }
  }

  // Each floor's name at its left, the classes beside the last.
  #drawNames(pen, planes) {
    const { soft, ink, paper } = colours();
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const write = (text, x, y, colour) => {
      pen.lineWidth = 3;
      pen.strokeStyle = css(paper);
      pen.strokeText(text, x, y);
      pen.fillStyle = css(colour);
      pen.fillText(text, x, y);
    };
    for (const floor of this.#floors) {
      const own = planes.filter((each) => each.floor === floor);
      const corners = own.flatMap(({ plane }) => [[0, 0], [floor.columns, 0], [0, floor.rows], [floor.columns, floor.rows]].map(([u, v]) => onCanvas(plane, u, v)));
      const [x, y] = corners.reduce((left, each) => (each[0] < left[0] ? each : left));
      pen.font = "600 12px system-ui, sans-serif";
      pen.textAlign = "right";
      write(floor.level.title, Math.max(x - 8, 58), y, soft);
      if (floor.level.classes && floor.level.shown <= 20) {
        pen.font = "600 13px system-ui, sans-serif";
        pen.textAlign = "center";
        floor.level.classes.forEach((name, unit) => {
          const at = onCanvas(own[0].plane, (unit % floor.columns) + 0.5, Math.floor(unit / floor.columns) - 0.55);
          write(name.slice(0, 8), ...at, ink);
        });
      }
    }
  }
}

// Lay the maps of a level side by side, in as few rows as keep them large.
function layFloor(level, up, widest) {
  let [columns, rows] = [level.wide, level.high];
  let [across, down] = [1, 1];
  if (level.isMaps) {
    let best = 0;
    for (let lines = 1; lines <= level.shown; lines += 1) {
      const each = Math.ceil(level.shown / lines);
      const cell = Math.min(widest / (each * (columns + 2)), DEEP / (lines * (rows + 2)));
      if (cell > best) [best, across, down] = [cell, each, lines];
    }
  } else {
    columns = level.shown <= 20 ? level.shown : Math.ceil(Math.sqrt((level.shown * widest) / DEEP));
    rows = Math.ceil(level.shown / columns);
  }
  const gap = level.isMaps ? Math.max(1, columns * 0.12) : 0;
  const cell = Math.min(LARGEST, widest / (across * columns + (across - 1) * gap), DEEP / (down * rows + (down - 1) * gap));
  const [width, depth] = [cell * (across * columns + (across - 1) * gap), cell * (down * rows + (down - 1) * gap)];
  const places = level.maps.map((_, unit) => [
    -width / 2 + (unit % across) * (columns + gap) * cell, -depth / 2 + Math.floor(unit / across) * (rows + gap) * cell,
  ]);
  return { level, up, cell, columns, rows, places };
}
