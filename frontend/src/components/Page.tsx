// The head of each page: its title in the tab, the one `h1`, and focus that goes there after a change of route.
import { useLocation } from "@tanstack/react-router";
import { useEffect, useRef, type ReactNode } from "react";
import { isReturning } from "./keys";
import { saw } from "./recent";

let isFirst = true;

export function Page({ title, heading, lead, meta, badges, children }: { title: string; heading?: ReactNode; lead?: ReactNode; meta?: ReactNode; badges?: ReactNode; children?: ReactNode }) {
  const head = useRef<HTMLHeadingElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = `${title} · Keyforge`;
    saw(pathname, title);
  }, [title, pathname]);
  useEffect(() => {
    if (!isFirst && !isReturning()) head.current?.focus({ preventScroll: true });
    isFirst = false;
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- a change of route is the reason
  }, [pathname]);
  return (
    <main className="page" id="main">
      <div className="head">
        <div>
          <h1 tabIndex={-1} ref={head}>
            {heading ?? title}
          </h1>
          {lead !== undefined && <p className="lead">{lead}</p>}
          {meta !== undefined && <div className="meta">{meta}</div>}
        </div>
        {badges !== undefined && <div className="x">{badges}</div>}
      </div>
      {children}
    </main>
  );
}
