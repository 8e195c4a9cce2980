// Any two of: what is live, what was deployed, what Git wants, any revision.
import { useRef } from "preact/hooks";
import { DiffView, refId } from "../../parts/diff";
import { Button, CommitLine, ErrorNote, Skeleton } from "../../parts/basic";
import { Icon } from "../../parts/icon";
import { appPath } from "../../lib/api";
import { firstLine, short } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { useFetch } from "../../lib/live";
import { appHref, go, param, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { Attempt, Diff } from "../../wire";
import type { TabProps } from "../app";

type Choice = { value: string; label: string };

function Side({ label, value, choices, onPick }: { label: string; value: string; choices: Choice[]; onPick: (v: string) => void }) {
  const known = choices.some((c) => c.value === value);
  return (
    <label class="pick">
      <span class="faint">{label}</span>
      <select class="select" value={known ? value : "?"} onChange={(e) => onPick(e.currentTarget.value === "?" ? value : e.currentTarget.value)}>
        {choices.map((c) => (
          <option key={c.value} value={c.value}>
            {c.label}
          </option>
        ))}
        {!known && <option value="?">{short(value)}</option>}
      </select>
      <input
        class="input mono rev-input"
        type="text"
        aria-label={t.diff.anyRevision}
        placeholder={t.diff.anyRevision}
        value={known ? "" : value}
        spellcheck={false}
        onKeyDown={(e) => e.key === "Enter" && e.currentTarget.value.trim() && onPick(e.currentTarget.value.trim())}
      />
    </label>
  );
}

export default function DiffTab({ app, o }: TabProps) {
  const at = { appNamespace: app.ns };
  const from = param("from") || "live";
  const to = param("to") || "git";
  const only = param("obj");
  const box = useRef<HTMLDivElement>(null);
  const f = useFetch<Diff>(appPath(app.name, "diff"), { ...at, from, to, all: param("all") || undefined }, { app });
  const attempts = useFetch<Attempt[]>(appPath(app.name, "attempts"), at, { app });
  const revisions = new Map<string, string>();
  for (const a of attempts.data ?? []) revisions.set(a.revision.id, `${short(a.revision.id)} ${firstLine(a.revision.message).slice(0, 48)}`);
  if (o.wants) revisions.set(o.wants.id, `${short(o.wants.id)} ${firstLine(o.wants.message).slice(0, 48)}`);
  const list = [...revisions].map(([value, label]) => ({ value, label }));
  const left = { live: t.diff.live, deployed: t.diff.deployed }[from] ?? short(from);
  const right = { git: t.diff.git }[to] ?? short(to);

  const step = (by: number) => {
    const all = [...(box.current?.querySelectorAll<HTMLElement>("[data-change]") ?? [])];
    const here = all.indexOf(document.activeElement as HTMLElement);
    all[(here + by + all.length) % all.length]?.focus();
  };
  useKeys(
    () => [
      { key: "n", what: t.keys.nextChange, run: () => step(1) },
      { key: "N", what: t.keys.prevChange, run: () => step(-1) },
    ],
    [],
  );

  return (
    <div class="diff-tab" ref={box}>
      <div class="tab-tools">
        <Side
          label={t.diff.from}
          value={from}
          choices={[{ value: "live", label: t.diff.live }, { value: "deployed", label: t.diff.deployed }, ...list]}
          onPick={(v) => setParams({ from: v === "live" ? "" : v })}
        />
        <Icon name="right" size={14} cls="faint" />
        <Side
          label={t.diff.to}
          value={to}
          choices={[{ value: "git", label: t.diff.gitWants }, ...list]}
          onPick={(v) => setParams({ to: v === "git" ? "" : v })}
        />
        <span class="grow" />
        {only && (
          <Button small icon="close" onClick={() => setParams({ obj: "" })}>
            {t.diff.onlyOne}
          </Button>
        )}
        <Button small kind="ghost" icon="up" label={t.keys.prevChange} onClick={() => step(-1)} />
        <Button small kind="ghost" icon="down" label={t.keys.nextChange} onClick={() => step(1)} />
      </div>
      {f.error && <ErrorNote error={f.error} retry={f.reload} />}
      {!f.data && !f.error && <Skeleton rows={8} />}
      {f.data && (
        <>
          {(f.data.from || f.data.to) && (
            <div class="diff-commits">
              {f.data.from && (
                <div class="line">
                  <span class="sign tone-bad">−</span>
                  <CommitLine commit={f.data.from} />
                </div>
              )}
              {f.data.to && (
                <div class="line">
                  <span class="sign tone-ok">+</span>
                  <CommitLine commit={f.data.to} />
                </div>
              )}
            </div>
          )}
          <DiffView
            diff={f.data}
            left={left}
            right={right}
            only={only}
            explain={(ref, path) => go(`${appHref(app, "render")}?obj=${encodeURIComponent(refId(ref))}&ptr=${encodeURIComponent(path)}`)}
          />
        </>
      )}
    </div>
  );
}
