// The address that members use. It comes from a pull request: only a web address becomes a link, and it learns nothing of us.
import { Icon } from "../ui/Icon";

export function Domain({ of }: { of: string | null }) {
  if (of === null) return null;
  const url = URL.canParse(of) ? new URL(of) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return <span className="wrap">{of}</span>;
  return (
    <a href={url.href} target="_blank" rel="noopener noreferrer" className="s wrap">
      {url.host} <Icon name="ext" small />
    </a>
  );
}
