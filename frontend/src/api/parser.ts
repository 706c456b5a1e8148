// The text of a stream of server-sent events, as messages.

export type Message = { id: string | undefined; event: string; data: string };

/** Text in pieces, messages out (HTML Living Standard, 9.2.6). */
export class Parser {
  #rest = "";
  #id: string | undefined;
  #event = "";
  #data: string[] = [];

  *push(piece: string): Generator<Message> {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        const message = { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
        const isOne = this.#data.length > 0 || this.#id !== undefined;
        this.#event = "";
        this.#data = [];
        if (isOne) yield message;
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "id") this.#id = value;
      else if (field === "event") this.#event = value;
      else if (field === "data") this.#data.push(value);
    }
  }
}
