import { expect, test } from "vitest";
import { Parser } from "./parser";

test("messages come whole, however the text was cut", () => {
  const text = ": a heartbeat\n\nid: 7-1\nevent: deployment\ndata: {\"union\":\ndata: \"acme\"}\n\nid:8-1\ndata:x\n\n";
  for (const size of [1, 5, text.length]) {
    const parser = new Parser();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
    expect(found).toEqual([
      { id: "7-1", event: "deployment", data: '{"union":\n"acme"}' },
      { id: "8-1", event: "message", data: "x" },
    ]);
  }
});
