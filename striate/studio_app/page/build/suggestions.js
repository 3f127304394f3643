// What may stand at a place of a network text: words, blocks, options, known networks.

const PARTIAL = /[A-Za-z_][\w]*$/;
const BLOCKS = /^[ \t]*([A-Za-z_]\w*)[ \t]*(\([^)\n]*\))?[ \t]*=/gm;

// asked: the key for suggestions was pressed, so that they come without a letter, too.
export function suggestAt(text, at, vocabulary, asked = false) {
  const before = text.slice(0, at);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  if (line.includes("#") || /\w/.test(text[at] ?? "")) return [];
  const partial = PARTIAL.exec(before)?.[0] ?? "";
  if (!partial && !asked) return [];
  const from = at - partial.length;
  if (/[\d.]$/.test(before.slice(0, from))) return [];
  const step = stepBefore(before.slice(0, from));
  const known = vocabulary.words.find((each) => each.name === step.word);
  const found = step.word && !step.begins
    ? (known?.options ?? []).filter((name) => !step.rest.includes(`${name}=`)).map((name) => ({ name: `${name}=`, text: `${name}=`, example: "" }))
    : [...blocks(text, from), ...vocabulary.words.map(({ name, example }) => ({ name, example, text: written(name, example) }))];
  if (text.trim() === partial) found.push(...vocabulary.zoo.map(({ name, title }) => ({ name, title, zoo: name, text: name })));
  const small = partial.toLowerCase();
  const starts = found.filter(({ name }) => name.toLowerCase().startsWith(small));
  const holds = small.length > 1 ? found.filter(({ name }) => name.toLowerCase().includes(small) && !starts.some((each) => each.name === name)) : [];
  const all = [...starts, ...holds];
  if (all.some(({ name, zoo }) => name === partial && !zoo)) return []; // it is written out
  return all.map((each) => ({ ...each, from, to: at }));
}

// The step that a place is in: its word, what stands behind the word, and whether it only begins.
function stepBefore(head) {
  const rest = head.slice(Math.max(...[">", "\n", "[", "(", "|"].map((sign) => head.lastIndexOf(sign))) + 1)
    .replace(/^.*\s=\s*/, "").trimStart();
  const word = /^[A-Za-z_]\w*/.exec(rest)?.[0] ?? "";
  return { word, rest, begins: !word };
}

function blocks(text, before) {
  return [...text.matchAll(BLOCKS)].filter(({ index }) => index < before)
    .map(([, name, parameters]) => ({ name, example: `${name}${parameters ?? ""}`, text: parameters ? `${name}(` : name }));
}

// A word as it is put in: followed by what comes next.
export function written(name, example) {
  if (example.startsWith(`${name}(`)) return `${name}(`;
  return example === name ? name : `${name} `;
}
