// A plain table of a few rows; long lists are grids.
import type { ComponentChildren } from "preact";

export type TableColumn<T> = {
  title: string;
  /** For readers only. */
  quiet?: boolean;
  end?: boolean;
  /** Left out where the window is narrow. */
  wide?: boolean;
  cls?: string;
  cell: (row: T) => ComponentChildren;
};

export function Table<T>({ columns, rows, id }: { columns: readonly TableColumn<T>[]; rows: readonly T[]; id: (row: T) => string }) {
  const cls = (c: TableColumn<T>): string => [c.end && "end num", c.wide && "wide-only", c.cls].filter(Boolean).join(" ");
  return (
    <div class="scroll-x">
      <table class="table">
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.title} scope="col" class={[c.end && "end", c.wide && "wide-only"].filter(Boolean).join(" ")}>
                {c.quiet ? <span class="sr">{c.title}</span> : c.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={id(r)}>
              {columns.map((c) => (
                <td key={c.title} class={cls(c)}>
                  {c.cell(r)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
