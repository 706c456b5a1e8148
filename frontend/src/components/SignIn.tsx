// Who is not known sees nothing but this, at the address they asked for, and goes on there.
import { useEffect, useState } from "react";
import { signIn } from "../api/auth";
import { Note } from "../ui/blocks";
import { Logo } from "../ui/Icon";

export function SignIn({ wasRefused }: { wasRefused: boolean }) {
  const [key, setKey] = useState("");
  useEffect(() => {
    document.title = "Sign in · Keyforge";
  }, []);
  return (
    <main className="signin" id="main">
      <div className="brand">
        <Logo />
        Keyforge
      </div>
      <h1>Sign in</h1>
      {wasRefused && (
        <Note tone="bad" icon="bad">
          This key is not known, or not any more.
        </Note>
      )}
      <form
        className="box"
        onSubmit={(event) => {
          event.preventDefault();
          if (key !== "") signIn(key.trim());
        }}
      >
        <label htmlFor="key" className="b">
          API key
        </label>
        <input id="key" type="password" autoComplete="off" spellCheck={false} value={key} onChange={(event) => setKey(event.target.value)} />
        <p className="m small">
          An operator makes one with <code>keyforge apikey</code>. It is kept in this tab only and forgotten with it.
        </p>
        <button type="submit" className="button">
          Sign in
        </button>
      </form>
    </main>
  );
}
