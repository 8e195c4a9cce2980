// The newest lines of an application's containers, following. Nothing is stored.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button, Empty, ErrorNote } from "../../parts/basic";
import { appPath, Failure, lines } from "../../lib/api";
import { timeOfDay } from "../../lib/format";
import { param, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { TabProps } from "../app";

type LogLine = { content: string; timeStamp?: string; podName?: string; last?: boolean };
/** Older lines leave the page. */
const linesMax = 2000;
const flushMs = 150;

export default function LogsTab({ app, o }: TabProps) {
  const [log, setLog] = useState<LogLine[]>([]);
  const [error, setError] = useState<Failure | null>(null);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(true);
  const [ended, setEnded] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const kind = param("kind");
  const name = param("name");
  const grep = param("q");
  const query = { appNamespace: app.ns, kind, resourceName: name, group: param("group"), namespace: param("namespace"), tailLines: 500, follow: true };
  const key = JSON.stringify(query);

  useEffect(() => {
    if (!o.can.logs) return;
    const abort = new AbortController();
    let buffer: LogLine[] = [];
    setLog([]);
    setError(null);
    setEnded(false);
    const timer = setInterval(() => {
      if (!buffer.length) return;
      const next = buffer;
      buffer = [];
      setLog((l) => [...l, ...next].slice(-linesMax));
    }, flushMs);
    lines<{ result?: LogLine; error?: { message?: string } }>(appPath(app.name, "logs"), query, abort.signal, (v) => {
      if (v.result && !v.result.last) buffer.push(v.result);
      else if (v.error) setError(new Failure(v.error.message ?? "", 13, 0));
    })
      .then(() => setEnded(true))
      .catch((e: unknown) => {
        if (!abort.signal.aborted) setError(e instanceof Failure ? e : new Failure(String(e), 13, 0));
      });
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [app.ns, app.name, key, o.can.logs]);

  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [log, follow]);

  const shown = useMemo(() => {
    const w = grep.toLowerCase();
    return w ? log.filter((l) => l.content.toLowerCase().includes(w)) : log;
  }, [log, grep]);

  if (!o.can.logs) return <Empty icon="lock" title={t.no.logs} />;
  return (
    <div class="logs-tab">
      <div class="tab-tools">
        <input
          class="input"
          type="search"
          data-query
          aria-label={t.logs.filter}
          placeholder={t.logs.filter}
          value={grep}
          onInput={(e) => setParams({ q: e.currentTarget.value })}
        />
        {name && (
          <Button small icon="close" onClick={() => setParams({ kind: "", name: "", group: "", namespace: "" })}>
            {kind} {name}
          </Button>
        )}
        <span class="grow" />
        <Button small pressed={wrap} onClick={() => setWrap(!wrap)}>
          {t.logs.wrap}
        </Button>
        <Button small icon={follow ? "pause" : "play"} pressed={follow} onClick={() => setFollow(!follow)}>
          {t.logs.follow}
        </Button>
      </div>
      {error && <ErrorNote error={error} />}
      <div
        class={`log mono${wrap ? " log-wrap" : ""}`}
        ref={box}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={t.tabs["logs"]}
        onScroll={(e) => {
          const el = e.currentTarget;
          if (follow && el.scrollTop + el.clientHeight < el.scrollHeight - 60) setFollow(false);
        }}
      >
        {shown.map((l, i) => (
          <div key={i} class={`log-line${/\b(error|fatal|panic)\b/i.test(l.content) ? " tone-bad" : /\bwarn/i.test(l.content) ? " tone-warn" : ""}`}>
            <span class="faint num">{l.timeStamp ? timeOfDay(l.timeStamp) : ""}</span>
            <span class="log-pod">{l.podName ?? ""}</span>
            <span class="log-text">{l.content}</span>
          </div>
        ))}
        {!shown.length && !error && <p class="faint log-none">{ended ? t.logs.none : t.logs.waiting}</p>}
      </div>
    </div>
  );
}
