// A table of any length: only what is on the screen is in the page. Rows take the focus; one of them has the tab stop.
import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { useCallback, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useKeys } from "../lib/keys";
import { t } from "../strings";
import { Icon } from "./icon";

export type Column = {
  key: string;
  title: string;
  /** A grid track: `120px`, `minmax(160px, 2fr)`. */
  width: string;
  /** Left out when the table is narrower than this. */
  from?: number;
  sortable?: boolean;
  end?: boolean;
};

export type GridApi = { current(): number };

type Props = {
  label: string;
  columns: readonly Column[];
  count: number;
  /** What identifies the row at a place; the cursor follows it when rows move. */
  id: (at: number) => string;
  /** The cells of the row at a place, one for each visible column. */
  cells: (at: number, columns: readonly Column[]) => ComponentChildren;
  open?: (at: number, e: KeyboardEvent | MouseEvent) => void;
  mark?: (at: number, range: boolean) => void;
  marked?: (id: string) => boolean;
  sort?: { key: string; down: boolean };
  onSort?: (key: string) => void;
  /** Rows of another height in a narrow window. */
  tall?: { below: number; height: number };
  api?: { current: GridApi | null };
  empty?: ComponentChildren;
  /** Below the rows, inside the scroller. */
  after?: ComponentChildren;
};

const overscan = 4;
const rowHeightPlain = 32;

type RowProps = {
  at: number;
  top: number;
  height: number;
  stop: boolean;
  selected: boolean | undefined;
  rowId: string;
  columns: readonly Column[];
  cells: Props["cells"];
};

// Drawn again only when its place, its mark or its columns change; cells follow their own signals.
const GridRow = memo(function GridRow(p: RowProps) {
  return (
    <div
      role="row"
      class={`grid-row${p.selected ? " marked" : ""}`}
      style={{ transform: `translateY(${p.top}px)`, height: `${p.height}px` }}
      aria-rowindex={p.at + 2}
      aria-selected={p.selected}
      tabIndex={p.stop ? 0 : -1}
      data-at={p.at}
      data-id={p.rowId}
    >
      {p.cells(p.at, p.columns)}
    </div>
  );
});

export function Grid(p: Props) {
  const { count } = p;
  const scroller = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ first: 0, last: 40 });
  const [width, setWidth] = useState(1200);
  const rowHeight = p.tall && width < p.tall.below ? p.tall.height : rowHeightPlain;
  const [cursor, setCursor] = useState(0);
  const cursorId = useRef("");
  const wantFocus = useRef(false);
  /** The place whose row had the focus when it was drawn last. */
  const focusedId = useRef("");

  const columns = useMemo(() => p.columns.filter((c) => (c.from ?? 0) <= width), [p.columns, width]);
  const template = columns.map((c) => c.width).join(" ");

  /** The window onto the rows, as the browser told it last: to ask it while drawing would lay out everything. */
  const box = useRef({ top: 0, height: 1200 });
  const measure = useCallback(() => {
    const { top, height } = box.current;
    const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
    const last = Math.ceil((top + height) / rowHeight) + overscan;
    setRange((r) => (r.first === first && r.last === last ? r : { first, last }));
  }, [rowHeight]);
  const scrolled = useCallback(() => {
    const el = scroller.current;
    if (!el) return;
    box.current = { top: el.scrollTop, height: el.clientHeight };
    measure();
  }, [measure]);

  useLayoutEffect(() => {
    const el = scroller.current;
    if (!el) return;
    const resized = () => {
      setWidth(el.clientWidth);
      scrolled();
    };
    const seen = new ResizeObserver(resized);
    seen.observe(el);
    resized();
    return () => seen.disconnect();
  }, [scrolled]);

  // The cursor stays with its row when others come, go or move.
  useLayoutEffect(() => {
    if (!count) return;
    const at = Math.min(cursor, count - 1);
    if (!cursorId.current || p.id(at) === cursorId.current) {
      cursorId.current = p.id(at);
      if (at !== cursor) setCursor(at);
      return;
    }
    for (let i = range.first; i < Math.min(range.last, count); i++)
      if (p.id(i) === cursorId.current) {
        setCursor(i);
        return;
      }
    cursorId.current = p.id(at);
    if (at !== cursor) setCursor(at);
  });

  const focusRow = (at: number) => {
    scroller.current?.querySelector<HTMLElement>(`[data-at="${at}"]`)?.focus({ preventScroll: true });
  };
  useLayoutEffect(() => {
    if (wantFocus.current) {
      wantFocus.current = false;
      focusRow(cursor);
      return;
    }
    // Elements are used again for other rows: the focus goes with its row.
    const el = document.activeElement as HTMLElement | null;
    if (el?.dataset["at"] !== undefined && scroller.current?.contains(el) && focusedId.current && el.dataset["id"] !== focusedId.current)
      scroller.current.querySelector<HTMLElement>(`[data-id="${CSS.escape(focusedId.current)}"]`)?.focus({ preventScroll: true });
  });

  const moveTo = (to: number) => {
    const el = scroller.current;
    if (!count || !el) return;
    const at = Math.max(0, Math.min(count - 1, to));
    cursorId.current = p.id(at);
    const top = at * rowHeight;
    const head = 32;
    if (top < el.scrollTop) el.scrollTop = top;
    else if (top + rowHeight > el.scrollTop + el.clientHeight - head) el.scrollTop = top + rowHeight - el.clientHeight + head;
    scrolled();
    wantFocus.current = true;
    if (at === cursor) {
      wantFocus.current = false;
      focusRow(at);
    }
    setCursor(at);
  };

  useImperativeHandle(p.api ?? { current: null }, () => ({
    current: () => (count ? Math.min(cursor, count - 1) : -1),
  }));

  const step = (by: number) => {
    const inside = scroller.current?.contains(document.activeElement);
    moveTo(inside ? cursor + by : cursor);
  };
  useKeys(
    () => [
      { key: "j", what: t.keys.down, run: () => step(1) },
      { key: "k", what: t.keys.up, run: () => step(-1) },
      ...(p.open ? [{ key: "Enter", what: t.keys.open, run: (e: KeyboardEvent) => count && p.open?.(Math.min(cursor, count - 1), e) }] : []),
    ],
    [cursor, count, p.open],
  );

  const place = (e: Event): number => Number((e.target as Element).closest<HTMLElement>("[data-at]")?.dataset["at"] ?? -1);

  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey || !(e.target as Element).matches("[data-at]")) return;
    const pageRows = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 320) / rowHeight) - 2);
    const to = {
      ArrowDown: cursor + 1,
      ArrowUp: cursor - 1,
      PageDown: cursor + pageRows,
      PageUp: cursor - pageRows,
      Home: 0,
      End: count - 1,
    }[e.key];
    if (to !== undefined) {
      e.preventDefault();
      if (e.shiftKey && p.mark) p.mark(cursor, false);
      moveTo(to);
    } else if (e.key === "Enter" && p.open) {
      e.preventDefault();
      p.open(cursor, e);
    } else if (e.key === " " && p.mark) {
      e.preventDefault();
      p.mark(cursor, e.shiftKey);
    }
  };

  const rows = [];
  const last = Math.min(range.last, count);
  // A shorter list ends above where one was: its end is drawn until the browser has scrolled there.
  const begin = Math.max(0, Math.min(range.first, count - (range.last - range.first)));
  // As many elements as the window has rows at most; scrolling by one changes one.
  const slots = Math.ceil(box.current.height / rowHeight) + 2 * overscan + 2;
  for (let at = begin; at < last; at++) {
    const id = p.id(at);
    rows.push(
      <GridRow
        key={at % slots}
        at={at}
        rowId={id}
        top={at * rowHeight}
        height={rowHeight}
        stop={at === cursor || (at === begin && (cursor < begin || cursor >= last))}
        selected={p.marked ? p.marked(id) : undefined}
        columns={columns}
        cells={p.cells}
      />,
    );
  }

  return (
    <div
      class="grid"
      ref={scroller}
      onScroll={scrolled}
      onKeyDown={onKey}
      onFocusIn={(e) => {
        focusedId.current = (e.target as HTMLElement).dataset["id"] ?? "";
      }}
      style={{ "--cols": template, "--row-h": `${rowHeight}px` }}
      onClick={(e) => {
        const at = place(e);
        if (at < 0) return;
        const el = e.target as Element;
        setCursor(at);
        cursorId.current = p.id(at);
        if (el.closest("[data-mark]")) p.mark?.(at, e.shiftKey);
        else if (!el.closest("a, button") && !e.defaultPrevented && !getSelection()?.toString()) p.open?.(at, e);
      }}
    >
      <div
        role="grid"
        aria-label={p.label}
        aria-rowcount={count + 1}
        aria-colcount={columns.length}
        aria-multiselectable={p.mark ? true : undefined}
      >
      <div class="grid-head" role="row" aria-rowindex={1}>
        {columns.map((c) => {
          const on = p.sort?.key === c.key;
          return (
            <div
              key={c.key}
              role="columnheader"
              class={`cell${c.end ? " end" : ""}`}
              aria-sort={on ? (p.sort?.down ? "descending" : "ascending") : undefined}
            >
              {c.sortable && p.onSort ? (
                <button type="button" class="head-button" onClick={() => p.onSort?.(c.key)}>
                  {c.title}
                  {on && <Icon name={p.sort?.down ? "up" : "down"} size={12} />}
                </button>
              ) : (
                <span class={c.title ? "" : "sr"}>{c.title || t.select}</span>
              )}
            </div>
          );
        })}
      </div>
      <div class="grid-body" role="rowgroup" style={{ height: `${count * rowHeight}px` }}>
        {rows}
      </div>
      </div>
      {count === 0 && p.empty}
      {p.after}
    </div>
  );
}

export function Cell({ children, end = false, cls = "", title }: { children?: ComponentChildren; end?: boolean; cls?: string; title?: string }) {
  return (
    <div role="gridcell" class={`cell${end ? " end" : ""} ${cls}`} title={title}>
      {children}
    </div>
  );
}
