// What happened, by days: when, what, and where more of it stands.
import type { Schemas } from "../api/client";
import { Icon } from "../ui/Icon";
import { Said } from "../ui/Said";
import { Clock, day, exact } from "../ui/time";
import { DeploymentLink, RevisionLink } from "./revision";
import { lookOfMoment, REASON } from "./words";

type Moment = Schemas["Moment"];

const dayOf = ({ at }: Moment) => at.slice(0, 10);

export function Moments({ of }: { of: Moment[] }) {
  return [...Map.groupBy(of, dayOf)].map(([date, those]) => (
    <section key={date} aria-label={day(date)}>
      <h3 className="day">{day(date)}</h3>
      <ol className="tl">
        {those.map((one) => (
          <One key={`${one.at} ${one.kind} ${one.title} ${one.detail}`} of={one} />
        ))}
      </ol>
    </section>
  ));
}

function One({ of }: { of: Moment }) {
  const { tone, icon } = lookOfMoment(of);
  const { at, firstAt, times, title, detail, reason, revision, deployment } = of;
  return (
    <li>
      <span className={tone}>
        <Icon name={icon} />
      </span>
      <div className="wrap">
        <b>{title}</b>
        {detail !== null && (
          <div className="s">
            <Said of={detail} />
          </div>
        )}
        <div className="small m">
          {[
            reason !== null && <span key="reason">{REASON[reason]}</span>,
            times > 1 && (
              <span key="times" title={exact(firstAt)}>
                {times.toLocaleString("en")} times since <Clock at={firstAt} />
              </span>
            ),
            revision !== null && <RevisionLink key="revision" revision={revision} />,
            deployment !== null && <DeploymentLink key="deployment" id={deployment} text="its rollout" />,
          ].filter((part) => part !== false)}
        </div>
      </div>
      <span className="m small nw">
        <Clock at={at} />
      </span>
    </li>
  );
}
