// The strokes of the brush as a text of the address:
// "b12:40.60,41.66" is blur, radius 12, from row 40, column 60 to row 41, column 66.

const PAINTS = { g: "gray", b: "blur", c: "color", p: "copy" };
const LETTERS = Object.fromEntries(Object.entries(PAINTS).map(([letter, paint]) => [paint, letter]));
const LONGEST = 6000; // letters that an address holds of them, at most
const tenth = (x) => String(Math.round(x * 10) / 10);

export function writeStrokes(strokes) {
  const text = strokes.map(({ paint, radius, points, color, offset }) => {
    const more = paint === "color" ? `(${color.join(".")})` : paint === "copy" ? `(${offset.join(".")})` : "";
    return `${LETTERS[paint]}${tenth(radius)}${more}:${points.map((each) => each.map(Math.round).join(".")).join(",")}`;
  }).join(";");
  return text.length <= LONGEST ? text : "";
}

const whole = (text) => (/^-?\d{1,4}$/.test(text) ? Number(text) : NaN);

function readOne(text) {
  const found = /^([gbcp])(\d{1,3}(?:\.\d)?)(?:\(([-\d.]+)\))?:(.+)$/.exec(text);
  if (!found) return null;
  const [, letter, size, more = "", path] = found;
  const paint = PAINTS[letter];
  const extra = more ? more.split(".").map(whole) : [];
  const points = path.split(",").map((each) => each.split(".").map(whole));
  const wanted = paint === "color" ? 3 : paint === "copy" ? 2 : 0;
  const sound = extra.length === wanted && Number(size) > 0 && points.length <= 1000 && points.every((each) => each.length === 2)
    && [...extra, ...points.flat()].every(Number.isFinite) && (paint !== "color" || extra.every((x) => x >= 0 && x < 256));
  if (!sound) return null;
  return { paint, radius: Number(size), points, ...(paint === "color" ? { color: extra } : paint === "copy" ? { offset: extra } : {}) };
}

// What cannot be read is left out.
export const readStrokes = (text) => (text ? text.split(";").map(readOne).filter(Boolean).slice(0, 200) : []);
