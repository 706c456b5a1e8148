// What a list is filtered by, beside its own: texts and days that count once they are left or entered. All of it stands in the address.
import { useState } from "react";

/** Each letter would ask for something else. What is taken from its list counts at once, and what the address says stands in it. */
export function TextField({ label, type = "text", of, placeholder, list, typed, choose }: { label: string; type?: string; of: string | undefined; placeholder: string; list?: string; typed?: (text: string) => void; choose: (text: string | undefined) => void }) {
  const [text, setText] = useState(of ?? "");
  const [seen, setSeen] = useState(of);
  if (seen !== of) {
    setSeen(of);
    setText(of ?? "");
  }
  const enter = (now: string) => now.trim() !== (of ?? "") && choose(now.trim() || undefined);
  return (
    <label>
      <span className="m small">{label}</span>
      <input
        type={type}
        value={text}
        list={list}
        placeholder={placeholder}
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target: { value }, nativeEvent }) => {
          setText(value);
          typed?.(value);
          if (nativeEvent instanceof InputEvent && nativeEvent.inputType === "insertReplacementText") enter(value);
        }}
        onBlur={() => enter(text)}
        onKeyDown={({ key }) => key === "Enter" && enter(text)}
      />
    </label>
  );
}

export const DayField = ({ label, of, min, max, choose }: { label: string; of: string | undefined; min?: string; max: string; choose: (day: string | undefined) => void }) => (
  <label>
    <span className="m small">{label}</span>
    <input type="date" min={min} max={max} value={of ?? ""} onChange={({ target: { value } }) => choose(value || undefined)} />
  </label>
);

/** One of a few words, or any of them. */
export function WordField<T extends string>({ label, of, words, choose }: { label: string; of: T | undefined; words: Record<T, string>; choose: (word: T | undefined) => void }) {
  const known = Object.keys(words) as T[];
  return (
    <label>
      <span className="m small">{label}</span>
      <select value={of ?? ""} onChange={({ target: { value } }) => choose(known.find((word) => word === value))}>
        <option value="">any</option>
        {known.map((word) => (
          <option key={word} value={word}>
            {words[word].toLowerCase()}
          </option>
        ))}
      </select>
    </label>
  );
}
