// The cells of a row of applications.
import { memo } from "preact/compat";
import { Revision, Since, Status } from "../../parts/basic";
import { Cell, type Column } from "../../parts/grid";
import { Icon } from "../../parts/icon";
import { appHref } from "../../lib/router";
import { favourites } from "../../lib/preferences";
import { store } from "../../lib/store";
import { t } from "../../strings";
import { Flag } from "../../wire";

const marks = [
  [Flag.running, "running", "sync", "run"],
  [Flag.failed, "failed", "alert", "bad"],
  [Flag.rolledBack, "rolledback", "undo", "bad"],
  [Flag.held, "held", "lock", "hold"],
  [Flag.paused, "paused", "pause", "hold"],
  [Flag.deleting, "deleting", "close", "mute"],
] as const;

/** What is particular about an application: a glyph each, with its word on hover and for readers. */
function Marks({ flags }: { flags: number }) {
  return (
    <span class="marks">
      {marks.map(([flag, word, icon, tone]) =>
        flags & flag ? (
          <span key={word} class={`mark tone-${tone}`} title={t.is[word]}>
            <Icon name={icon} size={13} cls={word === "running" ? "spin" : ""} />
            <span class="sr">{t.is[word]}</span>
          </span>
        ) : null,
      )}
    </span>
  );
}

// Follows its own row; the list around it is drawn without touching it.
export const Cells = memo(function Cells({ i, columns: shown }: { i: number; columns: readonly Column[] }) {
  void store.watch(i).value;
  const r = store.row(i);
  const on = store.marked.value.has(r.uid);
  const two = !shown.some((c) => c.key === "cause");
  const star = favourites.value.has(`${r.ns}/${r.name}`);
  return (
    <>
      {shown.map((c) => {
        switch (c.key) {
          case "mark":
            return (
              <Cell key="mark" cls="cell-mark">
                <span data-mark class={`tick${on ? " on" : ""}`} aria-hidden="true">
                  {on && <Icon name="check" size={12} />}
                </span>
              </Cell>
            );
          case "name":
            return (
              <Cell key="name" cls={`cell-name${two ? " cell-two" : ""}`}>
                <span class="line">
                  <a class="trunc strong" href={appHref(r)} tabIndex={-1} title={`${r.ns}/${r.name}`}>
                    {r.name}
                  </a>
                  {star && <Icon name="star" size={12} cls="star" />}
                  <Marks flags={r.flags} />
                </span>
                {two && <span class="trunc cause">{r.cause || `${r.project} · ${r.cluster}`}</span>}
              </Cell>
            );
          case "health":
            return (
              <Cell key="health">
                <Status kind="health" word={r.health} quiet />
              </Cell>
            );
          case "sync":
            return (
              <Cell key="sync">
                <Status kind="sync" word={r.sync} quiet />
              </Cell>
            );
          case "cause":
            return (
              <Cell key="cause" title={r.cause}>
                <span class="trunc cause">{r.cause}</span>
              </Cell>
            );
          case "project":
            return (
              <Cell key="project">
                <span class="trunc muted">{r.project}</span>
              </Cell>
            );
          case "cluster":
            return (
              <Cell key="cluster">
                <span class="trunc muted">{r.cluster}</span>
              </Cell>
            );
          case "rev":
            return (
              <Cell key="rev">
                <Revision id={r.rev} />
              </Cell>
            );
          case "drift":
            return (
              <Cell key="drift" end>
                {r.drift > 0 ? (
                  <span class={`num${r.flags & Flag.driftOpen ? " tone-warn" : " muted"}`}>{r.drift}</span>
                ) : (
                  <span class="faint">–</span>
                )}
              </Cell>
            );
          default:
            return (
              <Cell key={c.key} end cls="muted">
                <Since at={r.since} />
              </Cell>
            );
        }
      })}
    </>
  );
});
