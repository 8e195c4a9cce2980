// The rail beside a list: what there is, how often, one click to narrow down.
import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import { count } from "../lib/format";
import { t } from "../strings";
import { Icon, type IconName } from "./icon";
import { look, type Tone } from "./basic";

export type Facet = { key: string; title: string; values: { word: string; count: number; on: boolean }[] };

const shownMax = 8;

const flagLook: Record<string, [IconName, Tone]> = {
  failed: ["alert", "bad"],
  rolledback: ["undo", "bad"],
  held: ["lock", "hold"],
  drifted: ["drift", "warn"],
  paused: ["pause", "hold"],
  running: ["progressing", "run"],
  deleting: ["close", "mute"],
};

export const Facets = memo(function Facets({ facets, toggle }: { facets: Facet[]; toggle: (key: string, word: string) => void }) {
  return (
    <aside class="facets" aria-label={t.apps.facets}>
      {facets.map((f) => (f.values.length ? <One key={f.key} facet={f} toggle={toggle} /> : null))}
    </aside>
  );
});

function One({ facet, toggle }: { facet: Facet; toggle: (key: string, word: string) => void }) {
  const [all, set] = useState(false);
  const list = all ? facet.values : facet.values.slice(0, shownMax);
  const more = facet.values.length - list.length;
  return (
    <fieldset class="facet">
      <legend>{facet.title}</legend>
      {list.map((v) => {
        const glyph =
          facet.key === "health" || facet.key === "sync" ? look(facet.key, v.word) : facet.key === "is" ? flagLook[v.word] : undefined;
        return (
          <label key={v.word} class={`facet-row${v.on ? " on" : ""}`}>
            <input type="checkbox" checked={v.on} onChange={() => toggle(facet.key, v.word)} />
            {glyph && (
              <span class={`tone-${glyph[1]} glyph`}>
                <Icon name={glyph[0]} size={14} />
              </span>
            )}
            <span class="trunc grow">{facet.key === "is" ? (t.is[v.word] ?? v.word) : v.word}</span>
            <span class="num faint">{count(v.count)}</span>
          </label>
        );
      })}
      {(more > 0 || all) && (
        <button type="button" class="facet-more" onClick={() => set(!all)}>
          {all ? t.less : t.moreOf(more)}
        </button>
      )}
    </fieldset>
  );
}
