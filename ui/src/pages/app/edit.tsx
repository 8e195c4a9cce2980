// Another source, another destination, another policy for an application that is there.
import { useState } from "preact/hooks";
import { AppForm } from "../../parts/appform";
import { Button, ErrorNote, Skeleton } from "../../parts/basic";
import { Preview } from "../../parts/preview";
import { Review } from "../../parts/review";
import { toast } from "../../parts/toast";
import { appPath, change as send } from "../../lib/api";
import { automation, manifest, missing } from "../../lib/appspec";
import { at, put } from "../../lib/edit";
import { useFetch } from "../../lib/live";
import { setParams } from "../../lib/router";
import { t } from "../../strings";
import { tf } from "../../strings/forms";
import type { Json } from "../../wire";
import type { TabProps } from "../app";

export default function EditApp({ app, o }: TabProps) {
  const f = useFetch<Json>(appPath(app.name), { appNamespace: app.ns });
  /** What it was when the editing began, and as it is to be. */
  const [own, setOwn] = useState<{ before: Json; after: Json } | null>(null);
  const [review, setReview] = useState(false);
  const close = () => setParams({ edit: "" });
  const before = own?.before ?? f.data;
  const after = own?.after ?? f.data;
  if (before === undefined || after === undefined) return f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={10} />;
  const lacks = missing(after);
  const no = !o.can.update
    ? t.no.update
    : lacks.length
      ? `${tf.app.missingLead} ${lacks.map((m) => tf.app.missing[m]).join(", ")}`
      : JSON.stringify(before) === JSON.stringify(after)
        ? tf.noChange
        : undefined;
  const save = async () => {
    const body = put(manifest(after), ["metadata", "resourceVersion"], at(before, ["metadata", "resourceVersion"]));
    await send("PUT", appPath(app.name), { appNamespace: app.ns }, body);
    toast(tf.app.settingsSaved);
    f.reload();
    close();
  };
  return (
    <div class="editor">
      <div class="editor-form">
        <AppForm app={after} change={(to) => setOwn({ before, after: to })} isNew={false} />
        <footer class="editor-foot">
          <Button kind="primary" no={no} onClick={() => setReview(true)}>
            {tf.review}
          </Button>
          <Button onClick={close}>{tf.discard}</Button>
          {no && <span class="faint">{no}</span>}
        </footer>
      </div>
      <Preview app={after} />
      {review && (
        <Review
          title={`${tf.saving}: ${app.name}`}
          before={at(before, ["spec"]) ?? {}}
          after={at(after, ["spec"]) ?? {}}
          {...(automation(after).on ? { note: tf.app.saveDeploys } : {})}
          save={save}
          again={() => {
            setReview(false);
            setOwn(null);
            f.reload();
          }}
          onClose={() => setReview(false)}
        />
      )}
    </div>
  );
}
