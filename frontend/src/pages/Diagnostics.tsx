// What in the files stops a union, and how is it mended?
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Fragment } from "react";
import type { Schemas } from "../api/client";
import { diagnostics } from "../api/queries";
import { Asked } from "../components/asked";
import { DiagnosticText } from "../components/DiagnosticText";
import { Lifted } from "../components/Lifted";
import { Page } from "../components/Page";
import { EXACT } from "../components/revision";
import { Empty, More } from "../ui/blocks";
import { Icon } from "../ui/Icon";

const route = getRouteApi("/diagnostics");

const SEVERITIES = [
  { severity: undefined, name: "All" },
  { severity: "error", name: "Errors" },
  { severity: "warning", name: "Warnings" },
] as const;

/** What is about all unions. */
const REPO = "keyforge.yaml and the config repo";

export function Diagnostics() {
  const of = route.useSearch();
  const { union, severity, code, file } = of;
  const asked = useInfiniteQuery({ ...diagnostics(of), placeholderData: keepPreviousData });
  const items = asked.data?.pages.flatMap((page) => page.items) ?? [];
  const more = asked.hasNextPage ? "at least " : "";
  const isFiltered = (severity ?? code ?? file) !== undefined;
  return (
    <Page
      title={asked.data === undefined ? "Diagnostics" : isFiltered ? `${more}${items.length} ${items.length === 1 ? "finding matches" : "findings match"}` : answer(items, more)}
      lead="A held union stays at the last revision that was accepted for it. Nothing is deleted, its members notice nothing, and drift is still repaired. All other unions go on."
    >
      <nav className="chips" aria-label="By severity">
        {SEVERITIES.map(({ severity: one, name }) => (
          <route.Link key={name} to="/diagnostics" search={{ ...of, severity: one }} activeOptions={EXACT} className="chip" aria-current={one === severity ? "true" : undefined}>
            {name}
          </route.Link>
        ))}
      </nav>
      <Lifted to="/diagnostics" of={of} shown={["union", "code", "file"]} />
      <Asked query={asked}>
        {() =>
          items.length === 0 && isFiltered ? (
            <section className="box">
              <Empty icon="doc" title="No diagnostic matches">
                <p>
                  <route.Link to="/diagnostics" search={{ union }} className="b">
                    Show all
                  </route.Link>
                </p>
              </Empty>
            </section>
          ) : items.length === 0 ? (
            <section className="box">
              <Empty icon="ok" title="Nothing was found">
                <p>Every document of the newest revision is accepted. Findings about files would stand here, each with its place and its remedy.</p>
              </Empty>
            </section>
          ) : (
            <>
              {groups(items).map(([name, those]) => (
                <Group key={name} name={name} of={those} />
              ))}
              {asked.hasNextPage && (
                <section className="box" aria-label="More">
                  <More shown={items.length} what="findings" hasMore isLoading={asked.isFetchingNextPage} load={() => void asked.fetchNextPage()} />
                </section>
              )}
            </>
          )
        }
      </Asked>
    </Page>
  );
}

/** Of all that there are. */
function answer(items: Schemas["Diagnostic"][], more: string): string {
  if (items.length === 0) return "No diagnostics";
  const errors = items.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return `${more}${items.length} ${items.length === 1 ? "warning" : "warnings"}, nothing is held`;
  const places = new Set(errors.map(({ union }) => union ?? REPO)).size;
  return `${more}${errors.length} ${errors.length === 1 ? "error" : "errors"} in ${places} ${places === 1 ? "place" : "places"}`;
}

const isHeld = (those: Schemas["Diagnostic"][]) => those.some(({ severity }) => severity === "error");

/** Held unions first, then warnings. */
function groups(items: Schemas["Diagnostic"][]): [string, Schemas["Diagnostic"][]][] {
  return [...Map.groupBy(items, ({ union }) => union ?? REPO)].toSorted(([, one], [, other]) => Number(isHeld(other)) - Number(isHeld(one)));
}

function Group({ name, of }: { name: string; of: Schemas["Diagnostic"][] }) {
  const errors = of.filter(({ severity }) => severity === "error").length;
  const files = [...new Set(of.map(({ path }) => path))];
  return (
    <section className="box" aria-label={name} data-row data-needs={errors > 0 ? "" : undefined}>
      <header>
        <span className="attention">
          <Icon name={errors > 0 ? "held" : "warn"} />
        </span>
        <h2>{name === REPO ? name : <Link to="/unions/$union" params={{ union: name }}>{name}</Link>}</h2>
        <span className="s">
          {errors > 0 ? `${errors} ${errors === 1 ? "error" : "errors"}` : `${of.length} ${of.length === 1 ? "warning" : "warnings"}`} in{" "}
          {files.map((file, at) => (
            <Fragment key={file}>
              {at > 0 && ", "}
              <route.Link to="/diagnostics" search={{ file }} className="mono wrap">
                {file}
              </route.Link>
            </Fragment>
          ))}
        </span>
      </header>
      <DiagnosticText of={of} />
    </section>
  );
}
