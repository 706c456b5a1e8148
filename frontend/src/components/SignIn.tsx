// Who is not known sees nothing but this, at the address they asked for, and goes on there.
import { useQuery } from "@tanstack/react-query";
import { useLocation, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { signIn, type Why } from "../api/auth";
import { BASE, ELSEWHERE, isKnown } from "../api/client";
import * as queries from "../api/queries";
import { Note } from "../ui/blocks";
import { Logo } from "../ui/Icon";

const SAID: Record<Why, { tone?: "attention" | "bad"; text: string } | undefined> = {
  unknown: undefined,
  refused: { tone: "bad", text: "This key is not known, or not any more." },
  over: { tone: "attention", text: "Your sign-in is over. What it showed is no longer on this page; sign in to go on where you were." },
  left: { text: "You are signed out." },
};

/** The parameter by which the daemon tells that somebody came back from the identity provider in vain. */
export const FAILED = "sign-in-failed";

const AWAY = "It is tried again when you try again.";
const REASONS: Record<string, string> = {
  "other-browser": "It did not begin in this browser at this address, or it took too long.",
  "other-attempt": "What came back belongs to another attempt.",
  over: "This attempt was finished before, or it took too long.",
  declined: "The identity provider did not agree.",
  "other-provider": "Another identity provider answered.",
  "nothing-sent": "The identity provider sent nothing that could be redeemed.",
  "not-vouched": "The identity provider vouches for nobody in a way that counts here. Keyforge's log says why.",
  "provider-away": `The identity provider does not answer. ${AWAY}`,
  "database-away": `The database does not answer. ${AWAY}`,
  "too-many-failures": "It failed too often from this address. Wait a minute.",
  "not-found": "Nobody can sign in here that way; use an API key.",
};

/** The address that was wanted, without what the daemon added to it. */
function without(href: string): string {
  const { pathname, search, hash } = new URL(href, location.origin);
  const rest = new URLSearchParams(search);
  if (!rest.has(FAILED)) return href;
  rest.delete(FAILED);
  return `${pathname}${rest.size > 0 ? `?${rest.toString()}` : ""}${hash}`;
}

export function SignIn({ why }: { why: Why }) {
  const { data } = useQuery(queries.signIn);
  const { href, search } = useLocation();
  const { history } = useRouter();
  const failed = search[FAILED];
  const wanted = without(href);
  const enter = useCallback(
    (key?: string) => {
      // First: going there asks already.
      signIn(key);
      if (wanted !== href) history.replace(wanted);
    },
    [history, href, wanted],
  );
  useEffect(() => {
    document.title = "Sign in · Keyforge";
    // Whoever signs in in another tab comes back to this one.
    const seen = () => void (document.hidden || isKnown().then((known) => known && enter()));
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [enter]);
  const said = SAID[why];
  const page = ELSEWHERE === undefined ? data?.page : undefined;
  return (
    <main className="signin" id="main">
      <div className="brand">
        <Logo />
        Keyforge
      </div>
      <h1>Sign in</h1>
      {said !== undefined && (
        <Note tone={said.tone} icon={said.tone === undefined ? "ok" : said.tone === "bad" ? "bad" : "clock"}>
          {said.text}
        </Note>
      )}
      {failed !== undefined && (
        <Note tone="bad" icon="bad">
          <b>Nobody is signed in.</b> {Object.hasOwn(REASONS, failed) ? REASONS[failed] : "Something went against it; Keyforge's log says what."}
        </Note>
      )}
      {page !== undefined && page !== null && (
        <a className="button first" href={`${BASE}${page}?return=${encodeURIComponent(wanted)}`}>
          Sign in with your account
        </a>
      )}
      {ELSEWHERE !== undefined && (
        <Note icon="seal">
          This page comes from another site than Keyforge, so a sign-in there does not count here. Use an API key, or go to{" "}
          <a href={ELSEWHERE} className="b wrap">
            {ELSEWHERE}
          </a>
          .
        </Note>
      )}
      <KeyForm isOnly={page === undefined || page === null} enter={enter} />
    </main>
  );
}

function KeyForm({ isOnly, enter }: { isOnly: boolean; enter: (key: string) => void }) {
  const [key, setKey] = useState("");
  return (
    <form
      className="box"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() !== "") enter(key.trim());
      }}
    >
      <label htmlFor="key" className="b">
        {isOnly ? "API key" : "Or an API key"}
      </label>
      <input id="key" type="password" autoComplete="off" spellCheck={false} value={key} onChange={(event) => setKey(event.target.value)} />
      <p className="m small">
        An operator makes one with <code>keyforge apikey</code>. It is kept in this tab only and forgotten with it.
      </p>
      <button type="submit" className="button">
        {isOnly ? "Sign in" : "Use the key"}
      </button>
    </form>
  );
}
