// One change from outside: who, how, which fields, what was done about it.
import { Actor, Button, Chip, copyText, type Tone } from "../../parts/basic";
import { Path, valueText } from "../../parts/diff";
import type { IconName } from "../../parts/icon";
import { toast } from "../../parts/toast";
import { ignoreRule } from "../../lib/ignore";
import { took, utc } from "../../lib/format";
import { appHref, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { DriftAction, DriftEvent } from "../../wire";

const actionLook: Record<DriftAction, [Tone, IconName]> = {
  healed: ["ok", "check"],
  open: ["warn", "alert"],
  kept: ["hold", "lock"],
  ignored: ["mute", "close"],
  adopted: ["run", "commit"],
};

export const driftActions = Object.keys(actionLook) as DriftAction[];

/** What was done about it, as glyph and word. */
export function Action({ of, count }: { of: DriftAction; count?: number }) {
  return (
    <Chip tone={actionLook[of][0]} icon={actionLook[of][1]}>
      {t.drift.action[of]} {count}
    </Chip>
  );
}

export function Detail({ e }: { e: DriftEvent }) {
  return (
    <aside class="node-card" aria-label={t.drift.detail(e.id)}>
      <header class="line">
        <div class="grow">
          <p class="muted mono">{e.id}</p>
          <h2 class="break">
            {e.ref.kind}/{e.ref.name}
          </h2>
        </div>
        <Button kind="ghost" icon="close" label={t.close} onClick={() => setParams({ id: "" })} />
      </header>
      <dl class="facts">
        <dt>{t.col.when}</dt>
        <dd class="num">{utc(e.at)}</dd>
        <dt>{t.col.actor}</dt>
        <dd>
          <Actor who={e.actor} /> <span class="faint">{e.actor.grade !== "-" && t.grade[e.actor.grade]}</span>
        </dd>
        <dt>{t.col.via}</dt>
        <dd>{e.actor.via || "–"}</dd>
        <dt>{t.col.app}</dt>
        <dd>
          <a class="link" href={appHref(e.app)}>
            {e.app.name}
          </a>{" "}
          <span class="faint">{e.cluster}</span>
        </dd>
        <dt>{t.col.action}</dt>
        <dd>
          <Action of={e.action} />{" "}
          {e.tookMs !== undefined && <span class="muted num">{took(e.tookMs)}</span>}
        </dd>
      </dl>
      {e.note && <p class="node-message">{e.note}</p>}
      <ul class="diff-fields boxed">
        {e.fields.map((x) => (
          <li key={x.path} class="diff-field">
            <div class="diff-path">
              <Path path={x.path} />
              <span class="grow" />
              <button type="button" class="text-button" title={t.diff.ignoreHint} onClick={() => void copyText(ignoreRule(e.ref, x.path)).then(() => toast(t.diff.ignoreCopied))}>
                {t.diff.ignore}
              </button>
            </div>
            <div class="diff-side del">
              <span class="sign">−</span>
              <span class="mono diff-value">{valueText(x.live)}</span>
              <span class="diff-label">{t.diff.live}</span>
            </div>
            <div class="diff-side add">
              <span class="sign">+</span>
              <span class="mono diff-value">{valueText(x.git)}</span>
              <span class="diff-label">{t.diff.git}</span>
            </div>
          </li>
        ))}
      </ul>
      <ul class="card-links">
        <li>
          <a class="link" href={appHref(e.app, "diff")}>
            {t.tree.seeDiff}
          </a>
        </li>
        <li>
          <a class="link" href={appHref(e.app, "timeline")}>
            {t.drift.seeTimeline}
          </a>
        </li>
        <li>
          <button type="button" class="text-button" onClick={() => void copyText(`windlass drift show ${e.id}`).then(() => toast(t.copied))}>
            {t.drift.copyCommand}
          </button>
        </li>
      </ul>
    </aside>
  );
}
