// When a project's applications may be synced.
import { Button } from "../../parts/basic";
import { Choice, Lines, Switch, TextField } from "../../parts/form";
import { at, listAt, put, putText, textAt } from "../../lib/edit";
import { tf } from "../../strings/forms";
import type { Json } from "../../wire";

export function WindowsForm({ value, change }: { value: Json; change: (v: Json) => void }) {
  const list = listAt(value, ["spec", "syncWindows"]);
  const set = (next: Json[]) => change(put(value, ["spec", "syncWindows"], next.length ? next : undefined));
  return (
    <section class="panel">
      <h2>{tf.project.windows}</h2>
      {list.map((w, i) => {
        const path = ["spec", "syncWindows", i] as const;
        const text = (label: string, field: string, hint: string, required = false) => (
          <TextField label={label} mono hint={hint} required={required} value={textAt(w, [field])} onInput={(v) => change(putText(value, [...path, field], v))} />
        );
        return (
          <fieldset key={i} class="form-item">
            <legend class="sr">{tf.project.window(i + 1)}</legend>
            <div class="line">
              <div class="form-four grow">
                <Choice
                  label={tf.project.windowKind}
                  value={textAt(w, ["kind"]) || "allow"}
                  of={[
                    ["allow", tf.project.allow],
                    ["deny", tf.project.deny],
                  ]}
                  set={(v) => change(put(value, [...path, "kind"], v))}
                />
                {text(tf.project.schedule, "schedule", tf.project.scheduleHint, true)}
                {text(tf.project.duration, "duration", tf.project.durationHint, true)}
                {text(tf.project.zone, "timeZone", tf.project.zoneHint)}
              </div>
              <Button small kind="ghost" icon="close" label={`${tf.remove} ${tf.project.window(i + 1)}`} onClick={() => set(list.filter((_, k) => k !== i))} />
            </div>
            <Lines label={tf.project.applications} hint={tf.project.patternHint} value={value} path={[...path, "applications"]} change={change} />
            <Lines label={tf.project.namespace} hint={tf.project.patternHint} value={value} path={[...path, "namespaces"]} change={change} />
            <Lines label={tf.project.clusters} hint={tf.project.patternHint} value={value} path={[...path, "clusters"]} change={change} />
            <Switch label={tf.project.manual} on={at(w, ["manualSync"]) === true} set={(on) => change(put(value, [...path, "manualSync"], on ? true : undefined))} />
          </fieldset>
        );
      })}
      <Button small icon="plus" onClick={() => set([...list, { kind: "deny", schedule: "", duration: "", applications: ["*"] }])}>
        {tf.project.addWindow}
      </Button>
    </section>
  );
}
