// The keys that work, shown by `?`.
import { Dialog } from "./Dialog";

const KEYS: [string, string[]][] = [
  ["Go to…", ["⌘K"]],
  ["Filter this list", ["/"]],
  ["Next, previous row", ["j", "k"]],
  ["Open", ["↵", "o"]],
  ["Next, previous that needs a person", ["n", "p"]],
  ["Up", ["u"]],
  ["Previous, next tab", ["[", "]"]],
  ["Copy what is shown to copy", ["c", "y"]],
  ["Overview, unions", ["g o", "g u"]],
  ["Deployments, revisions", ["g d", "g r"]],
  ["Diagnostics, audit", ["g i", "g a"]],
  ["Light, dark, as the system", ["t"]],
];

export default function Keys({ close }: { close: () => void }) {
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
    </Dialog>
  );
}
