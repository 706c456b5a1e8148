// The keys that work, shown by `?`.
import { Dialog } from "./Dialog";
import { letters, setLetters } from "./keys";

const KEYS: [string, string[]][] = [
  ["Go to…", ["⌘K"]],
  ["Filter this list", ["/"]],
  ["Next, previous row", ["j", "k"]],
  ["Open", ["↵", "o"]],
  ["Next, previous that needs a person", ["n", "p"]],
  ["Back to the list, same row", ["u"]],
  ["Previous, next tab", ["[", "]"]],
  ["Copy the id of the row", ["y"]],
  ["Copy the command shown", ["c"]],
  ["Follow the log", ["f"]],
  ["To the end of the list", ["End"]],
  ["Overview, unions", ["g o", "g u"]],
  ["Deployments, revisions", ["g d", "g r"]],
  ["Diagnostics, audit", ["g i", "g a"]],
  ["Light, dark, as the system", ["t"]],
];

export default function Keys({ close }: { close: () => void }) {
  const areOn = letters.use();
  return (
    <Dialog label="Keys" close={close} className="box">
      <header>
        <h2>Keys</h2>
        <span className="x">
          <kbd>Esc</kbd>
        </span>
      </header>
      <div className="keys">
        {KEYS.map(([what, keys]) => (
          <div key={what}>
            <span>{what}</span>
            <span className="nw">
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </span>
          </div>
        ))}
      </div>
      <label className="tot">
        <input type="checkbox" checked={areOn} onChange={({ target: { checked } }) => setLetters(checked)} />
        <span>Single letters work. Without them <kbd>⌘K</kbd> alone does.</span>
      </label>
    </Dialog>
  );
}
