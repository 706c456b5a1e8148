// Goes anywhere: to a page, a union by some of its name, a commit or a deployment by its pasted digits.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { told, api } from "../api/client";
import { Icon, type IconName } from "../ui/Icon";
import { Dialog } from "./Dialog";
import { UNION } from "./words";

type Place = { key: string; group: string; icon: IconName; tone?: string; name: string; about?: string; to: string };

const found = (search: string) => ({
  queryKey: ["palette", {}, search],
  queryFn: ({ signal }: { signal: AbortSignal }) => told(api.GET("/api/v1/unions", { params: { query: { search, limit: 8 } }, signal })),
  enabled: search.length >= 2,
  placeholderData: <T,>(before: T | undefined) => before,
});

export default function Palette({ pages, close }: { pages: readonly { to: string; icon: IconName; name: string }[]; close: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useId();
  const navigate = useNavigate();
  const search = text.trim();
  const { data } = useQuery(found(search));

  const places: Place[] = [];
  if (/^[0-9a-f]{40}$/.test(search)) places.push({ key: "commit", group: "Revision", icon: "commit", name: search.slice(0, 12), to: `/revisions/${search}` });
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(search)) places.push({ key: "deployment", group: "Deployment", icon: "roll", name: search, to: `/deployments/${search}` });
  if (search.length >= 2)
    for (const union of data?.items ?? [])
      places.push({ key: union.name, group: "Unions", icon: UNION[union.state].icon, tone: UNION[union.state].tone, name: union.name, about: union.displayName, to: `/unions/${union.name}` });
  for (const { to, icon, name } of pages) if (name.toLowerCase().includes(search.toLowerCase())) places.push({ key: to, group: "Pages", icon, name, to });

  const at = Math.min(chosen, places.length - 1);
  const go = (place: Place | undefined) => {
    if (place === undefined) return;
    close();
    void navigate({ to: place.to });
  };
  return (
    <Dialog label="Go to…" close={close} className="pal">
      <div className="inp">
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-label="Union, commit, deployment or page"
          aria-expanded={places.length > 0}
          aria-controls={list}
          aria-activedescendant={places.length > 0 ? `${list}-${at}` : undefined}
          placeholder="Union, commit, deployment or page"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") setChosen(Math.min(at + 1, places.length - 1));
            else if (event.key === "ArrowUp") setChosen(Math.max(at - 1, 0));
            else if (event.key === "Enter") go(places[at]);
            else return;
            event.preventDefault();
          }}
        />
        <kbd>esc</kbd>
      </div>
      <ul role="listbox" id={list} aria-label="Places">
        {places.map((place, index) => (
          <li
            key={place.key}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            onMouseMove={() => setChosen(index)}
            onClick={() => go(place)}
          >
            <span className={place.tone ?? "m"}>
              <Icon name={place.icon} />
            </span>
            <span className="el">
              <span className="b">{place.name}</span> <span className="m">{place.about}</span>
            </span>
            <span className="m small">{place.group}</span>
          </li>
        ))}
      </ul>
      {places.length === 0 && <p className="empty m small">Nothing has this in its name.</p>}
    </Dialog>
  );
}
