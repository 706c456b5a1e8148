// Durations over time, a dot each. Drawn by hand: dots, two lines and an axis are less than any library is.
import type { ReactNode } from "react";
import { age, duration, exact, useNow } from "./time";

export type Dot = { key: string; at: number; took: number; isBad: boolean; said: string; link: ReactNode };

/** Of fewer a list tells more. */
export const FEWEST = 8;
const HEIGHT = 110;

/** What an axis may end with, in seconds. */
const ENDS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400];

const top = (longest: number) => 1_000 * (ENDS.find((end) => end * 1_000 >= longest) ?? Math.ceil(longest / 86_400_000) * 86_400);

/** The least that this share of them took at most. */
export function within(took: number[], share: number): number {
  const sorted = took.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Nothing for so few that a list tells more. `what`: "rollouts". */
export function Dots({ of, what }: { of: Dot[]; what: string }) {
  const now = useNow();
  // How long it took until it failed says nothing of how long it takes.
  const took = of.filter(({ isBad }) => !isBad).map((dot) => dot.took);
  if (took.length < FEWEST) return null;
  const [half, most, bad] = [within(took, 0.5), within(took, 0.95), of.filter(({ isBad }) => isBad).length];
  const start = Math.min(...of.map(({ at }) => at));
  const [width, height] = [Math.max(1, now - start), top(Math.max(...of.map((dot) => dot.took)))];
  const x = (at: number) => `${(1 + (98 * (at - start)) / width).toFixed(2)}%`;
  const y = (took: number) => HEIGHT - 6 - ((HEIGHT - 12) * took) / height;
  return (
    <figure className="dots">
      <dl className="figures">
        <Figure name="half" value={duration(half)} />
        <Figure name="95 %" value={duration(most)} />
        <Figure name={what} value={took.length.toLocaleString("en")} />
        {bad > 0 && <Figure name="failed" value={bad.toLocaleString("en")} />}
      </dl>
      <div className="plot">
        <span className="y" aria-hidden="true">
          <span>{duration(height)}</span>
          <span>0</span>
        </span>
        <svg role="img" width="100%" height={HEIGHT} aria-label={`Half of ${took.length} ${what} that succeeded took at most ${duration(half)}, 95 % at most ${duration(most)}; ${bad} failed beside them.`}>
          {[0, 0.5, 1].map((share) => (
            <line key={share} className="grid" x1="0" x2="100%" y1={y(share * height)} y2={y(share * height)} />
          ))}
          <line className="half" x1="0" x2="100%" y1={y(half)} y2={y(half)} />
          <line className="most" x1="0" x2="100%" y1={y(most)} y2={y(most)} />
          {of.map(({ key, at, took, isBad, said }) => (
            <circle key={key} className={isBad ? "failed" : ""} cx={x(at)} cy={y(took)} r={isBad ? 4 : 2.5}>
              <title>{said}</title>
            </circle>
          ))}
        </svg>
      </div>
      <figcaption>
        <span>{age(now - start)} ago</span>
        <span>now</span>
      </figcaption>
      <details>
        <summary>Show as table</summary>
        <table aria-label={`How long ${what} took`}>
          <thead>
            <tr>
              <th scope="col">Which</th>
              <th scope="col">When</th>
              <th scope="col" className="r">
                Took
              </th>
            </tr>
          </thead>
          <tbody>
            {of.map(({ key, at, took, isBad, link }) => (
              <tr key={key}>
                <td>{link}</td>
                <td>{exact(at)}</td>
                <td className="r">
                  {duration(took)}
                  {isBad && <b className="bad"> failed</b>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

const Figure = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);
