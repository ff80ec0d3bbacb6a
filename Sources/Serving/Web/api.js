// Asks the server. Errors are `ApiError` with the server's own words and the field at fault.

export class ApiError extends Error {
  constructor(message, where, status) {
    super(message);
    this.where = where;
    this.status = status;
  }
}

async function ask(path, body, signal) {
  const options = body === undefined
    ? { signal }
    : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal };
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError('The server does not answer. Is orrery still running?', null, 0);
  }
  if (response.ok) return response;
  const content = await response.json().catch(() => null);
  throw new ApiError(content?.error?.message ?? `The server answered ${response.status}.`, content?.error?.where, response.status);
}

/** The JSON of a route: GET without a body, POST with one. */
export async function json(path, body, signal) {
  return (await ask(path, body, signal)).json();
}

/** Values of a route as `{ data: Float32Array, bytes: ArrayBuffer, about }`; `about` says shape and kind. */
export async function binary(path, body, signal) {
  const response = await ask(path, body, signal);
  const about = JSON.parse(response.headers.get('Orrery-About') ?? 'null');
  const bytes = await response.arrayBuffer();
  return { bytes, about, data: new Float32Array(bytes, 0, bytes.byteLength >> 2) };
}

/** Calls `onEvent(name, data)` for each event of a route until it ends; an `error` event is thrown. */
export async function stream(path, body, onEvent, signal) {
  const response = await ask(path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      let name = 'message';
      let data = '';
      for (const line of part.split('\n')) {
        if (line.startsWith('event: ')) name = line.slice(7);
        if (line.startsWith('data: ')) data += line.slice(6);
      }
      if (!data) continue;
      const content = JSON.parse(data);
      if (name === 'error') throw new ApiError(content.error.message, content.error.where, 500);
      onEvent(name, content);
    }
  }
}
