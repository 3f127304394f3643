// Answers in Node.js what `node_runtime.py` asks on standard input: images one after another, each a
// line of JSON and the pixels behind it; each answer is a line of JSON.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [program, machineCode, model] = process.argv.slice(2);
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
process.on("uncaughtException", (error) => {
  say({ failed: String(error?.message ?? error) });
  process.exit(1);
});
const ort = await import(pathToFileURL(program).href);
ort.env.wasm.wasmBinary = await readFile(machineCode);
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(await readFile(model), {
  executionProviders: ["wasm"],
  graphOptimizationLevel: "all",
});
const outputs = session.outputNames.filter((name) => name !== "map");

async function answer({ rows, columns, orientation }, pixels) {
  const found = await session.run(
    {
      image: new ort.Tensor("uint8", new Uint8Array(pixels), [rows, columns, 3]),
      orientation: new ort.Tensor("int64", BigInt64Array.of(BigInt(orientation)), []),
    },
    outputs,
  );
  return Object.fromEntries(outputs.map((name) => [name, Array.from(found[name].data, Number)]));
}

let held = Buffer.alloc(0);
let parts = [];
let missing = 0; // bytes without which nothing can be done
say({ node: process.version });
for await (const part of process.stdin) {
  parts.push(part);
  missing -= part.length;
  if (missing > 0) continue;
  held = Buffer.concat([held, ...parts]);
  parts = [];
  for (;;) {
    const end = held.indexOf(10);
    if (end < 0) break;
    const asked = JSON.parse(held.subarray(0, end).toString());
    const until = end + 1 + asked.rows * asked.columns * 3;
    missing = until - held.length;
    if (missing > 0) break;
    say({ answer: await answer(asked, held.subarray(end + 1, until)) });
    held = held.subarray(until);
  }
}
