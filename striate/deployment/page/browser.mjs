// Answers in a browser what `browser_runtime.py` asks: images one after another, by the engine of the page.
const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
const say = (said) => fetch("said", { method: "POST", body: JSON.stringify(said) });
const work = (asked) => new Promise((resolve, reject) => {
  globalThis.answerHere(asked, ({ done, failed }) => {
    if (failed === undefined) resolve(done);
    else reject(new Error(failed));
  });
});

try {
  await import("./engine.mjs");
  const [program, machineCode, model] = await Promise.all(["program", "machine-code", "model"].map(bytes));
  const inputs = { image: "image", orientation: "orientation" };
  const opened = await work({ work: "start", program, machineCode, model, inputs, level: "all" });
  const outputs = opened.outputs.filter((name) => name !== "map");
  await say({ browser: navigator.userAgent });
  for (;;) {
    const asked = await fetch("asked");
    if (asked.status !== 200) break;
    const image = JSON.parse(asked.headers.get("x-image"));
    const { given } = await work({ work: "answer", pixels: new Uint8Array(await asked.arrayBuffer()), outputs, ...image });
    await say({ answer: Object.fromEntries(outputs.map((name) => [name, Array.from(given[name].data)])) });
  }
} catch (error) {
  await say({ failed: String(error?.message ?? error) });
}
