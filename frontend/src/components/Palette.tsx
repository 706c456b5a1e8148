// Goes anywhere: to a page, and to a union, society, member, commit or deployment by some of its name.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import type { Schemas } from "../api/client";
import { search as asked } from "../api/queries";
import { Icon, type IconName } from "../ui/Icon";
import { Dialog } from "./Dialog";
import { short, shortId } from "./revision";
import { lookOf } from "./words";

type Found = Schemas["Found"];
type Place = { key: string; group: string; icon: IconName; tone?: string; name: string; about?: string | null; go: { to: string } | { act: () => void } };

/** What can be done beside going somewhere. */
export type Act = { icon: IconName; name: string; act: () => void };

const GROUP: Record<Found["kind"], { name: string; icon: IconName }> = {
  union: { name: "Unions", icon: "box" },
  society: { name: "Societies", icon: "person" },
  member: { name: "Members", icon: "person" },
  revision: { name: "Revisions", icon: "commit" },
  deployment: { name: "Deployments", icon: "roll" },
};

const name = ({ kind, name }: Found) => (kind === "revision" ? short(name) : kind === "deployment" ? shortId(name) : name);

function about({ kind, title, union }: Found): string | null {
  if (kind === "union") return title;
  if (kind === "member") return `in ${title ?? ""}, ${union ?? ""}`;
  return union === null ? title : kind === "deployment" ? `of ${union}` : `in ${union}`;
}

function place(found: Found): Place {
  const group = GROUP[found.kind];
  const look = lookOf(found.state);
  return { key: found.url + found.name, group: group.name, icon: look?.icon ?? group.icon, tone: look?.tone, name: name(found), about: about(found), go: { to: found.url } };
}

export default function Palette({ pages, acts, close }: { pages: readonly { to: string; icon: IconName; name: string }[]; acts: Act[]; close: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useId();
  const navigate = useNavigate();
  const search = text.trim();
  const { data, error } = useQuery(asked(search));

  const fits = ({ name }: { name: string }) => name.toLowerCase().includes(search.toLowerCase());
  const places: Place[] = search.length >= 2 ? (data?.items ?? []).map(place) : [];
  for (const { to, icon, name } of pages.filter(fits)) places.push({ key: to, group: "Pages", icon, name, go: { to } });
  for (const { icon, name, act } of acts.filter(fits)) places.push({ key: name, group: "You", icon, name, go: { act } });

  const at = Math.min(chosen, places.length - 1);
  const go = (place: Place | undefined) => {
    if (place === undefined) return;
    close();
    if ("act" in place.go) place.go.act();
    else void navigate({ to: place.go.to });
  };
  return (
    <Dialog label="Go to…" close={close} className="pal">
      <div className="inp">
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-label="Union, society, member, commit, deployment or page"
          aria-expanded={places.length > 0}
          aria-controls={list}
          aria-activedescendant={places.length > 0 ? `${list}-${at}` : undefined}
          placeholder="Union, society, member, commit, deployment or page"
          maxLength={200}
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
      {places.length === 0 && <p className="empty m small">{error === null ? "Nothing has this in its name." : `${error.message}: only pages can be found now.`}</p>}
    </Dialog>
  );
}
