// `node sdk_session.mjs SDK JOB`: what the TypeScript SDK reads, as JSON.
//
// SDK is the path of the package. It is the twin of sdk_session.py: the same job, the
// same shape of what is printed.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [sdk, text] = process.argv.slice(2);
const { default: Anthropic } = await import(pathToFileURL(join(sdk, "index.mjs")));
const { version } = createRequire(import.meta.url)(join(sdk, "package.json"));
const job = JSON.parse(text);

const headersOf = (response) => Object.fromEntries(response.headers);

async function created(client, request) {
  const { data, response } = await client.messages.create(request).withResponse();
  return { message: data, request_id: data._request_id, headers: headersOf(response) };
}

async function iterated(client, request) {
  const events = [];
  for await (const event of await client.messages.create({ ...request, stream: true })) {
    events.push(event);
  }
  return events;
}

async function streamed(client, request) {
  let text = "";
  const stream = client.messages.stream(request).on("text", (piece) => (text += piece));
  const message = await stream.finalMessage();
  return { text, message, headers: headersOf(stream.response) };
}

async function answered(client, request) {
  return {
    create: await created(client, request),
    events: await iterated(client, request),
    stream: await streamed(client, request),
  };
}

function withResults(request, message) {
  const results = message.content
    .filter((block) => block.type === "tool_use")
    .map(({ id, input }) => ({
      type: "tool_result",
      tool_use_id: id,
      content: JSON.stringify(input),
    }));
  const turns = [
    { role: "assistant", content: message.content },
    { role: "user", content: results },
  ];
  return { ...request, messages: [...request.messages, ...turns] };
}

async function conversation(client, request) {
  const first = await answered(client, request);
  const { message } = first.create;
  if (message.stop_reason !== "tool_use") return [first];
  return [first, await answered(client, withResults(request, message))];
}

async function outcome(client, request, way) {
  try {
    return await { create: created, stream: streamed }[way](client, request);
  } catch (error) {
    return {
      error: error.constructor.name,
      status: error.status ?? null,
      body: error.error ?? null,
      request_id: error.requestID ?? null,
    };
  }
}

async function listed(client) {
  const paged = [];
  for await (const model of client.models.list({ limit: 2 })) paged.push(model.id);
  const whole = await client.models.list({ limit: 1000 });
  return { paged, whole: whole.data.map((model) => model.id) };
}

async function each(requests, read) {
  const results = {};
  for (const [name, request] of Object.entries(requests)) {
    results[name] = await read(request, name);
  }
  return results;
}

const client = new Anthropic({ baseURL: job.url, apiKey: job.key });
const faulty = client.withOptions({ apiKey: job.faulty_key, maxRetries: job.retries });
const stranger = client.withOptions({ apiKey: job.wrong_key });
const spender = client.withOptions({ apiKey: job.spent_key, maxRetries: 2 });
const { model } = job.requests.text;
const question = { role: "user", content: "How many tokens are these?" };
const asking = { model, messages: [question] };
const read = {
  version,
  answers: await each(job.requests, (request) => conversation(client, request)),
  faults: await each(job.faults, (request, name) =>
    outcome(faulty, request, name.split(" ").at(-1)),
  ),
  "wrong key": await outcome(stranger, { ...asking, max_tokens: 9 }, "create"),
  "spent key": await outcome(spender, { ...asking, max_tokens: 9 }, "create"),
  count_tokens: (await client.messages.countTokens(asking)).input_tokens,
  models: await listed(client),
  model: (await client.models.retrieve(model)).display_name,
};
process.stdout.write(JSON.stringify(read));
