// Which fields are in force, and which commit set each.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { fields } from "../api/queries";
import { Asked } from "../components/asked";
import { RevisionLink } from "../components/revision";
import { Box, Cell, Empty, Name, Row, Table } from "../ui/blocks";
import { Ago } from "../ui/time";

const route = getRouteApi("/unions/$union/fields");

export function Fields() {
  const { union } = route.useParams();
  const asked = useQuery(fields(union, undefined));
  return (
    <Box title="Fields" about="what a file sets; the rest has the default that the schema names" extra={asked.data !== undefined && <RevisionLink revision={asked.data.revision} />}>
      <Asked query={asked} rows={12}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="doc" title="No field is set">
              <p>Nothing of this union is accepted yet.</p>
            </Empty>
          ) : (
            <Table label="Fields" head={["Field", "Value", "Set in", "By", "Commit", "Ago"]}>
              {items.map(({ path, value, file, line, author, commit, subject, writtenAt }) => (
                <Row key={`${path} ${file}:${line}`}>
                  <Name>
                    <code className="wrap">{path}</code>
                  </Name>
                  <Cell className="wide mono s wrap">{value}</Cell>
                  <Cell className="wide mono m wrap">
                    {file}:{line}
                  </Cell>
                  <Cell className="s small wrap hs">{author}</Cell>
                  <Cell className="hs">{commit !== null && <span title={subject ?? undefined}><RevisionLink revision={commit} /></span>}</Cell>
                  <Cell className="age r m small nw">{writtenAt !== null && <Ago at={writtenAt} />}</Cell>
                </Row>
              ))}
            </Table>
          )
        }
      </Asked>
    </Box>
  );
}
