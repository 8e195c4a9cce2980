// What happened, newest first, by day.
import { day, short, span, now, utc, timeOfDay } from "../lib/format";
import { appHref } from "../lib/router";
import { t } from "../strings";
import type { TimelineEvent } from "../wire";
import { Actor, Empty, eventLook, severityTone } from "./basic";
import { Icon } from "./icon";

export function Timeline({ events, withApp = false, compact = false }: { events: readonly TimelineEvent[]; withApp?: boolean; compact?: boolean }) {
  if (!events.length) return <Empty icon="timeline" title={t.timeline.none} />;
  let last = "";
  return (
    <ol class={`timeline${compact ? " compact" : ""}`}>
      {events.map((e, i) => {
        const d = day(e.at);
        const fresh = d !== last;
        last = d;
        return [
          fresh && !compact ? (
            <li key={`d${d}`} class="timeline-day">
              {d}
            </li>
          ) : null,
          <li key={e.id ?? `${e.at}${i}`} class={`timeline-row tone-${severityTone[e.severity] ?? "mute"}`}>
            <time class="num faint" dateTime={e.at} title={utc(e.at)}>
              {compact ? span(now.value - Date.parse(e.at)) : timeOfDay(e.at)}
            </time>
            <span class="timeline-dot">
              <Icon name={eventLook[e.kind] ?? "event"} size={13} />
              <span class="sr">{t.event[e.kind] ?? e.kind}</span>
            </span>
            <div class="timeline-what">
              <p>
                {withApp && (
                  <>
                    <a class="strong" href={appHref(e.app, "timeline")}>
                      {e.app.name}
                    </a>{" "}
                  </>
                )}
                <span>{e.title}</span>
                {e.revision && !e.title.includes(short(e.revision)) && (
                  <>
                    {" "}
                    <span class="rev mono">{short(e.revision)}</span>
                  </>
                )}
              </p>
              <p class="timeline-more muted">
                {e.actor.name && <Actor who={e.actor} via={!compact} />}
                {e.detail && <span class={compact ? "trunc" : ""}>{e.detail}</span>}
              </p>
            </div>
          </li>,
        ];
      })}
    </ol>
  );
}
