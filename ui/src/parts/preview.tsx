// What an application would deploy, while it is being written: the plan, the objects, its YAML.
import { useEffect, useRef, useState } from "preact/hooks";
import { change, Failure } from "../lib/api";
import { manifest, missing } from "../lib/appspec";
import { toYaml } from "../lib/yaml";
import { tf } from "../strings/forms";
import type { Json, Preview as PreviewT } from "../wire";
import { CommitLine, Copy, Empty, ErrorNote, Note, Skeleton } from "./basic";
import { refId } from "./diff";
import { PlanParts } from "./planparts";

/** The server is asked when the typing rests. */
const restMs = 500;

export function Preview({ app }: { app: Json }) {
  const [tab, setTab] = useState<"plan" | "rendered" | "yaml">("plan");
  const [got, setGot] = useState<PreviewT | null>(null);
  const [error, setError] = useState<Failure | null>(null);
  const [asking, setAsking] = useState(false);
  const body = JSON.stringify(manifest(app));
  const lacks = missing(app);
  const latest = useRef(0);
  useEffect(() => {
    const mine = ++latest.current;
    if (lacks.length) {
      setGot(null);
      setError(null);
      setAsking(false);
      return;
    }
    setAsking(true);
    const timer = setTimeout(() => {
      change<PreviewT>("POST", "preview", {}, JSON.parse(body)).then(
        (p) => {
          if (mine !== latest.current) return;
          setGot(p);
          setError(null);
          setAsking(false);
        },
        (e: unknown) => {
          if (mine !== latest.current) return;
          setGot(null);
          setError(e instanceof Failure ? e : new Failure(String(e), 13, 0));
          setAsking(false);
        },
      );
    }, restMs);
    return () => clearTimeout(timer);
  }, [body]);
  const yaml = toYaml(JSON.parse(body) as Json).trimStart();
  return (
    <section class="panel preview" aria-label={tf.preview.title}>
      <header class="line wrap">
        <h2>{tf.preview.title}</h2>
        <div class="segmented" role="group" aria-label={tf.preview.title}>
          {(["plan", "rendered", "yaml"] as const).map((k) => (
            <button key={k} type="button" class={tab === k ? "on" : ""} aria-pressed={tab === k} onClick={() => setTab(k)}>
              {tf.preview[k]}
            </button>
          ))}
        </div>
        <span class="grow" />
        {asking && got && <span class="faint">{tf.preview.asking}</span>}
        {tab === "yaml" && <Copy text={yaml} />}
      </header>
      {tab === "yaml" ? (
        <>
          <p class="faint">{tf.preview.yamlHint}</p>
          <pre class="preview-text" tabIndex={0} aria-label={tf.preview.yaml}>
            {yaml}
          </pre>
        </>
      ) : lacks.length > 0 ? (
        <Empty icon="render" title={tf.preview.waiting}>
          {tf.app.missingLead} {lacks.map((m) => tf.app.missing[m]).join(", ")}
        </Empty>
      ) : error ? (
        <ErrorNote error={error} />
      ) : !got ? (
        <Skeleton rows={6} />
      ) : tab === "plan" ? (
        <>
          {got.revision && (
            <div class="plan-rev">
              <CommitLine commit={got.revision} />
            </div>
          )}
          {got.warnings.map((w) => (
            <Note key={w} tone="warn" icon="alert">
              <p>{w}</p>
            </Note>
          ))}
          {got.total === 0 ? <Empty icon="search" title={tf.preview.none} /> : <PlanParts plan={got} />}
        </>
      ) : (
        <>
          {got.objects.length < got.total && <p class="faint">{tf.preview.objects(got.objects.length)}</p>}
          {got.objects.map((o) => (
            <details key={refId(o.ref)} class="preview-object">
              <summary>
                <span class="muted">{o.ref.kind}</span> <span class="strong">{o.ref.name}</span> <span class="faint">{o.ref.namespace}</span>
              </summary>
              <pre class="preview-text">{o.text}</pre>
            </details>
          ))}
        </>
      )}
    </section>
  );
}
