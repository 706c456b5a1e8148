// Server-sent events over `fetch`, which unlike `EventSource` can say who asks and sees the heartbeats of a silent stream.
import { BASE, problem } from "./client";
import { bearer } from "./auth";
import { type Message, Parser } from "./parser";

/** Longer than two heartbeats: then the stream is broken, whatever the connection says. */
const SILENCE = 35_000;

/** The messages of a stream, from the one after `last` on. Ends when the server ends it; throws when it breaks. */
export async function* messages(path: string, last: string | undefined, signal: AbortSignal, opened: () => void): AsyncGenerator<Message> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE);
  try {
    const headers = new Headers({ accept: "text/event-stream" });
    const known = bearer();
    if (known !== undefined) headers.set("authorization", known);
    if (last !== undefined) headers.set("last-event-id", last);
    const response = await fetch(BASE + path, { headers, signal: AbortSignal.any([signal, silent.signal]), cache: "no-store" });
    if (!response.ok || response.body === null) throw problem(response.status, await response.json().catch(() => undefined));
    opened();
    const parser = new Parser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE);
      yield* parser.push(value);
    }
  } finally {
    clearTimeout(timer);
  }
}
