// The settings of the playground, and how they stand in the address.

export const SMILE = "0 0 0 0 0 0 0;0 1 0 0 0 1 0;0 0 0 0 0 0 0;0 0 0 1 0 0 0;0 1 0 0 0 1 0;0 0 1 1 1 0 0;0 0 0 0 0 0 0";

export const GRIDS = {
  smile: SMILE,
  edge: Array(8).fill("0 0 0 0 9 9 9 9").join(";"),
  dot: "0 0 0 0 0;0 0 0 0 0;0 0 1 0 0;0 0 0 0 0;0 0 0 0 0",
  ramp: Array.from({ length: 6 }, (_, row) => Array.from({ length: 6 }, (__, column) => row * 6 + column).join(" ")).join(";"),
};

export const STEPS = ["conv", "relu", "pool", "flatten", "loss"];

const USUAL = {
  image: "", grid: SMILE, side: 32, channels: "gray",
  kernel: "-1 0 1;-2 0 2;-1 0 1", divisor: 1, bias: 0,
  stride: [1, 1], pad: "valid", sides: [1, 1, 1, 1], padmode: "zero", dilation: [1, 1],
  slope: 0, mode: "max", window: [2, 2], poolStride: [2, 2], poolPad: [0, 0], ceil: false,
  step: "conv", source: 0, unit: 0, row: 1, column: 1,
  scores: [2, 1, 0.1], ending: "softmax", label: 0,
};

export const usual = () => structuredClone(USUAL);

const whole = (text) => (/^\d{1,4}$/.test(text) ? Number(text) : null);
const real = (text) => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : null);
const one = (...choices) => (text) => (choices.includes(text) ? text : null);
const list = (count, sign) => (text) => {
  const found = text.split(sign).map(whole);
  return found.length === count && !found.includes(null) ? found : null;
};
const scores = (text) => {
  const found = text.split(",").map(real);
  return found.length >= 2 && found.length <= 12 && !found.includes(null) ? found : null;
};
const pair = [list(2, "x"), (value) => value.join("x")];
const kept = (text) => text;
const plain = (read) => [read, (value) => String(value)];

// By its name in the address: the name here, how it is read, how it is written.
const WRITTEN = {
  image: ["image", ...plain(kept)], grid: ["grid", ...plain(kept)], side: ["side", ...plain(whole)],
  channels: ["channels", ...plain(one("gray", "each", "sum"))],
  kernel: ["kernel", ...plain(kept)], divisor: ["divisor", ...plain(real)], bias: ["bias", ...plain(real)],
  stride: ["stride", ...pair], pad: ["pad", ...plain(one("valid", "same", "end", "sides"))],
  sides: ["sides", list(4, ":"), (value) => value.join(":")], padmode: ["padmode", ...plain(one("zero", "edge"))],
  dilation: ["dilation", ...pair], slope: ["slope", ...plain(real)], pool: ["mode", ...plain(one("max", "avg", "sum"))],
  window: ["window", ...pair], poolstride: ["poolStride", ...pair], poolpad: ["poolPad", ...pair],
  ceil: ["ceil", (text) => text === "yes", (value) => (value ? "yes" : "no")],
  step: ["step", ...plain(one(...STEPS))], source: ["source", ...plain(whole)],
  scores: ["scores", scores, (value) => value.join(",")], ending: ["ending", ...plain(one("softmax", "sigmoid"))], label: ["label", ...plain(whole)],
};

// What an address says, over what is usual; what cannot be read is left as usual.
export function readSettings(place) {
  const found = usual();
  for (const [name, [own, read]] of Object.entries(WRITTEN)) {
    if (place[name] === undefined) continue;
    const value = read(String(place[name]));
    if (value !== null) found[own] = value;
  }
  for (const name of ["unit", "row", "column"]) if (place[name] !== undefined && place[name] >= 0) found[name] = place[name];
  found.side = Math.min(Math.max(found.side, 4), 224);
  found.slope = Math.min(Math.max(found.slope, 0), 1);
  found.label = Math.min(found.label, found.scores.length - 1);
  return found;
}

// What differs from the usual, for the address.
export function writeSettings(state) {
  const place = { room: "playground" };
  for (const [name, [own, , write]] of Object.entries(WRITTEN)) {
    const text = write(state[own]);
    if (text !== write(USUAL[own])) place[name] = text;
  }
  if (state.step !== "loss") Object.assign(place, { unit: state.unit, row: state.row, column: state.column });
  return place;
}
