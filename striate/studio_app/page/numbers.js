// Numbers as text, and as colours.

const MINUS = "\u2212";

// Four significant digits; a real minus sign.
export function show(x) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "not a number" : x > 0 ? "∞" : `${MINUS}∞`;
  const size = Math.abs(x);
  const text = size >= 1e5 || size < 1e-3 ? size.toExponential(3) : size.toPrecision(4);
  return (x < 0 ? MINUS : "") + text.replace("e-", `e${MINUS}`).replace("e+", "e");
}

// The same, without zeros behind what is exact: 3, 0.5, 12345.
export function tidy(x) {
  const short = Number.isInteger(x) && Math.abs(x) < 1e7 ? x : Number(x.toPrecision(4));
  return short === x && (x === 0 || Math.abs(x) >= 1e-3) && Math.abs(x) < 1e7 ? String(x).replace("-", MINUS) : show(x);
}

export const signed = (x) => (x > 0 ? `+${show(x)}` : show(x));
export const percent = (x) => `${(100 * x).toFixed(x >= 0.9995 || x < 0.1 ? 2 : 1)} %`;
export const shape = (sides) => sides.join(" × ");

// As short as a cell allows: two significant digits.
export function brief(x) {
  if (Number.isNaN(x)) return "?"; // what is not told yet
  if (x === 0 || !Number.isFinite(x)) return show(x);
  const size = Math.abs(x);
  const text = size < 1000 && Number.isInteger(size) ? String(size) : size >= 1e4 ? size.toExponential(0) : size >= 100 ? size.toFixed(0) : size >= 10 ? size.toFixed(1) : size >= 0.01 ? size.toFixed(2) : size.toExponential(0);
  return (x < 0 ? MINUS : "") + text.replace("e-", `e${MINUS}`).replace("e+", "e");
}

let palette = null;

// The page's own colours as numbers, read once a theme.
export function colours() {
  if (palette) return palette;
  const probe = document.createElement("i");
  document.body.append(probe);
  const read = (name) => {
    probe.style.color = `var(${name})`;
    const found = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
    return found.slice(0, 3);
  };
  palette = Object.fromEntries(
    ["paper", "sunk", "ink", "soft", "line", "above", "below", "mark"].map((name) => [name, read(`--${name}`)]),
  );
  probe.remove();
  return palette;
}

export function forgetColours() {
  palette = null;
}

export const css = (rgb) => `rgb(${rgb.join(" ")})`;

// Paint numbers into ImageData: above 0 one colour, below 0 the other, 0 the ground.
export function paint(values, reach, image) {
  const { paper, above, below } = colours();
  const data = image.data;
  for (let i = 0, at = 0; i < values.length; i += 1, at += 4) {
    const x = values[i];
    if (Number.isNaN(x)) { data[at + 3] = 0; continue; }
    const share = Math.min(1, Math.abs(x) / reach);
    const end = x > 0 ? above : below;
    data[at] = paper[0] + (end[0] - paper[0]) * share;
    data[at + 1] = paper[1] + (end[1] - paper[1]) * share;
    data[at + 2] = paper[2] + (end[2] - paper[2]) * share;
    data[at + 3] = 255;
  }
}

// The colour in which a number is best read on its own: the ink, or the ground.
export function readable(x, reach) {
  const { paper, ink, above, below } = colours();
  const share = Number.isNaN(x) ? 0 : Math.min(1, Math.abs(x) / reach);
  const end = x > 0 ? above : below;
  const ground = paper.map((each, at) => each + (end[at] - each) * share);
  const light = (rgb) => rgb.map((each) => (each / 255) ** 2.2).reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const contrast = (rgb) => {
    const [one, other] = [light(rgb) + 0.05, light(ground) + 0.05];
    return Math.max(one, other) / Math.min(one, other);
  };
  return contrast(ink) >= contrast(paper) ? ink : paper;
}

// Give a canvas its size; setting it anew, even to what it is, takes its memory anew.
export function fit(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

// A small canvas with a map on it, one pixel a number.
export function mapCanvas(values, rows, columns, reach) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  paint(values, reach, image);
  context.putImageData(image, 0, 0);
  return canvas;
}

// The same for pixels (rows x columns x 1 or 3).
export function pixelCanvas(pixels, rows, columns, channels) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < rows * columns; i += 1) {
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = pixels[channels * i + Math.min(c, channels - 1)];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
