import createClient from "openapi-fetch";
import { expect, test } from "vitest";
import { keeping } from "./kept";

type Paths = { "/now": { get: { responses: { 200: { content: { "application/json": { count: number } } } } } } };

/** A server that counts, and says whether that is still so. */
function server() {
  const asked: (string | null)[] = [];
  let count = 1;
  const fetch = async ({ headers }: Request) => {
    asked.push(headers.get("if-none-match"));
    const etag = `"${count}"`;
    return headers.get("if-none-match") === etag ? new Response(null, { status: 304, headers: { etag } }) : Response.json({ count }, { headers: { etag } });
  };
  return { asked, fetch, counts: () => (count += 1) };
}

test("what has not changed is not sent again, and is told all the same", async () => {
  const { asked, fetch, counts } = server();
  const client = createClient<Paths>({ baseUrl: "http://keyforge.example", fetch });
  const kept = keeping();
  client.use(kept);
  const told = async () => (await client.GET("/now")).data?.count;
  expect([await told(), await told()]).toEqual([1, 1]);
  counts();
  expect([await told(), await told()]).toEqual([2, 2]);
  kept.forget();
  expect(await told()).toBe(2);
  expect(asked).toEqual([null, '"1"', '"1"', '"2"', null]);
});
