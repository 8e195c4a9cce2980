// Before something is saved: how its text changes, and what happens when somebody else was faster.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Failure } from "../lib/api";
import { toYaml } from "../lib/yaml";
import { t } from "../strings";
import { tf } from "../strings/forms";
import type { Json } from "../wire";
import { Button, ErrorNote, Note } from "./basic";
import { TextDiff } from "./diff";
import { Dialog } from "./dialog";

/** gRPC's number for "somebody else was faster". */
const aborted = 10;

type Props = {
  title: string;
  before: Json;
  after: Json;
  note?: string;
  save: () => Promise<void>;
  /** Takes what is there now; the form begins anew. */
  again: () => void;
  onClose: () => void;
  children?: ComponentChildren;
};

export function Review({ title, before, after, note, save, again, onClose, children }: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Failure | null>(null);
  const [left, right] = [toYaml(before).trimStart(), toYaml(after).trimStart()];
  const run = () => {
    setBusy(true);
    setError(null);
    save().catch((e: unknown) => {
      setError(e instanceof Failure ? e : new Failure(String(e), 13, 0));
      setBusy(false);
    });
  };
  return (
    <Dialog
      wide
      title={title}
      onClose={onClose}
      footer={
        <>
          {error?.code === aborted && (
            <Button icon="refresh" onClick={again}>
              {tf.lookAgain}
            </Button>
          )}
          <Button onClick={onClose}>{tf.back}</Button>
          <Button kind="primary" no={left === right ? tf.noChange : undefined} busy={busy} onClick={run}>
            {tf.save}
          </Button>
        </>
      }
    >
      {error && <ErrorNote error={error} />}
      {note && (
        <Note tone="warn" icon="alert">
          <p>{note}</p>
        </Note>
      )}
      {left === right ? <p class="muted">{tf.noChange}</p> : <TextDiff left={left} right={right} />}
      {children}
      <span class="sr">{t.diff.whole}</span>
    </Dialog>
  );
}
