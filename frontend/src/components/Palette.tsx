// Goes anywhere: to a page, and to a union, society, member, commit or deployment by some of its name.
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useId, useState } from "react";
import type { Schemas } from "../api/client";
import { search as asked } from "../api/queries";
import { Icon, type IconName } from "../ui/Icon";
import { Dialog } from "./Dialog";
import { recently } from "./recent";
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
  return { key: found.url + found.name, group: group.name, icon: look?.icon ?? group.icon, tone: look?.tone, name: name(found), about: about(found), go: { to: found.kind === "member" ? `${found.url}?member=${encodeURIComponent(found.name)}` : found.url } };
}

/** What is known by its form, whether it is found or not: a commit that was not seen yet has a page that says so. */
function pasted(text: string, found: Found[]): Place[] {
  if (/^[0-9a-f]{7,64}$/i.test(text) && !found.some(({ kind }) => kind === "revision")) return [{ key: "commit", group: "Revisions", icon: "commit", name: short(text), about: "where is this commit?", go: { to: `/revisions/${text.toLowerCase()}` } }];
  if (/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text))
    return [
      { key: "member", group: "Members", icon: "person", name: text, about: "unions that list them", go: { to: `/unions?search=${encodeURIComponent(`member:${text}`)}` } },
      { key: "access", group: "Members", icon: "eye", name: text, about: "what they could read", go: { to: `/audit/access?member=${encodeURIComponent(text)}` } },
    ];
  return [];
}

export default function Palette({ pages, acts, close }: { pages: readonly { to: string; icon: IconName; name: string }[]; acts: Act[]; close: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useId();
  const { history } = useRouter();
  const search = text.trim();
  const { data, error } = useQuery(asked(search));

  const recent = recently.use();
  const fits = ({ name }: { name: string }) => name.toLowerCase().includes(search.toLowerCase());
  const places: Place[] = search.length >= 2 ? (data?.items ?? []).map(place) : recent.filter(({ href }) => href !== location.pathname).map(({ href, title }) => ({ key: `recent ${href}`, group: "Recent", icon: "clock", name: title, go: { to: href } }));
  places.push(...pasted(search, data?.items ?? []));
  for (const { to, icon, name } of pages.filter(fits)) places.push({ key: to, group: "Pages", icon, name, go: { to } });
  for (const { icon, name, act } of acts.filter(fits)) places.push({ key: name, group: "You", icon, name, go: { act } });

  const at = Math.min(chosen, places.length - 1);
  const go = (place: Place | undefined) => {
    if (place === undefined) return;
    close();
    if ("act" in place.go) place.go.act();
    else history.push(place.go.to);
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
