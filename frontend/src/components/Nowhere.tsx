// A path that no page has.
import { Link } from "@tanstack/react-router";
import { Empty } from "../ui/blocks";
import { Page } from "./Page";

export function Nowhere() {
  return (
    <Page title="No such page">
      <section className="box">
        <Empty icon="unk" title="Nothing is at this address">
          <p>A link may be old, or cut short.</p>
          <p>
            <Link to="/" className="b">
              Overview
            </Link>
          </p>
        </Empty>
      </section>
    </Page>
  );
}
