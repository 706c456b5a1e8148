// The text by which a list is filtered, which stands in the address: `/` leads here, `Esc` clears it, then leaves.
import { useEffect, useState } from "react";
import { Icon } from "../ui/Icon";

/** Typing waits so long before it counts, in milliseconds. */
const PAUSE = 120;

/** `choose` stays the same function as long as it does the same. */
export function FilterBox({ label, of, choose }: { label: string; of: string | undefined; choose: (text: string | undefined) => void }) {
  const [text, setText] = useState(of ?? "");
  // What the address says by us is behind what is typed meanwhile; only what somebody else wrote there is taken over.
  const [sent, setSent] = useState(of);
  const [seen, setSeen] = useState(of);
  if (seen !== of) {
    setSeen(of);
    if (of !== sent) {
      setSent(of);
      setText(of ?? "");
    }
  }
  useEffect(() => {
    const now = text.trim() || undefined;
    if (now === sent) return;
    const timer = setTimeout(() => {
      setSent(now);
      choose(now);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [text, sent, choose]);
  return (
    <label className="q">
      <Icon name="search" />
      <span className="hidden">{label}</span>
      <input
        data-filter
        type="search"
        placeholder={label}
        maxLength={200}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (text === "") event.currentTarget.blur();
          setText("");
        }}
      />
      <kbd className="hs">/</kbd>
    </label>
  );
}
