// The engine holds ONNX Runtime and the classifier, and answers one picture at a time. It runs in a
// worker, so that the page goes on answering to the hand; where a browser gives a page that was
// opened as a file no worker, the same text runs in the page.
let ort;
let session;
let names;

async function start({ program, machineCode, model, inputs, level }) {
  const address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  ort = await import(address);
  URL.revokeObjectURL(address);
  ort.env.wasm.wasmBinary = machineCode;
  ort.env.wasm.numThreads = 1;
  names = inputs;
  session = await ort.InferenceSession.create(model, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: level,
  });
  return { outputs: session.outputNames };
}

// Memory is never given back, so there is one picture at a time, and outputs are taken as they come.
async function answer({ pixels, rows, columns, orientation, outputs }) {
  const begun = performance.now();
  const found = await session.run(
    {
      [names.image]: new ort.Tensor("uint8", pixels, [rows, columns, 3]),
      [names.orientation]: new ort.Tensor("int64", BigInt64Array.of(BigInt(orientation)), []),
    },
    outputs,
  );
  const given = {};
  for (const name of outputs) {
    const { data, dims } = found[name];
    given[name] = { data: data instanceof BigInt64Array ? Array.from(data, Number) : Float32Array.from(data), dims };
  }
  return { given, milliseconds: performance.now() - begun };
}

let last = Promise.resolve();

function handle({ id, work, ...rest }, reply) {
  last = last.then(async () => {
    try {
      reply({ id, done: await (work === "start" ? start(rest) : answer(rest)) });
    } catch (error) {
      reply({ id, failed: String(error?.message ?? error) });
    }
  });
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = ({ data }) => handle(data, (message) => self.postMessage(message));
} else {
  globalThis.answerHere = handle;
}
