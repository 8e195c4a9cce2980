// What can be done with one object: its live manifest, its actions, its deletion.
import { useState } from "preact/hooks";
import { appPath, change } from "../lib/api";
import { useFetch } from "../lib/live";
import { toYaml } from "../lib/yaml";
import { t } from "../strings";
import type { AppName, Can, Json, Ref } from "../wire";
import { Button, Copy, ErrorNote, Skeleton, WebLink, webLinks } from "./basic";
import { Menu, type Item } from "./menu";
import { askReason } from "./plan-host";

type Action = { name: string; displayName?: string; disabled?: boolean; params?: { name: string }[] | null };

function query(app: AppName, r: Ref): Record<string, string> {
  return { appNamespace: app.ns, namespace: r.namespace, resourceName: r.name, group: r.group, kind: r.kind, version: r.version ?? "" };
}

function Manifest({ app, of }: { app: AppName; of: Ref }) {
  const f = useFetch<{ manifest: string }>(appPath(app.name, "resource"), query(app, of), { app });
  if (!f.data) return f.error ? <ErrorNote error={f.error} /> : <Skeleton rows={4} height={20} />;
  let text = f.data.manifest;
  try {
    text = toYaml(JSON.parse(text) as Json).trimStart();
  } catch {
    // Shown as it came.
  }
  return (
    <div class="manifest">
      <Copy text={text} />
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

export function ResourceTools({ app, of, can }: { app: AppName; of: Ref; can: Can }) {
  const [open, setOpen] = useState(false);
  const f = useFetch<{ actions?: Action[] | null }>(can.action ? appPath(app.name, "resource/actions") : null, query(app, of), { app }, 1000);
  const links = useFetch<{ items?: { title: string; url: string }[] | null }>(appPath(app.name, "resource/links"), query(app, of));
  const what = `${of.kind}/${of.name}`;
  const run = (a: Action) => {
    const parameter = a.params?.[0]?.name;
    askReason({
      title: t.resource.run(a.displayName ?? a.name, what),
      text: t.resource.runText,
      confirm: a.displayName ?? a.name,
      ...(parameter ? { parameter } : {}),
      run: async (reason, _until, value) => {
        await change("POST", appPath(app.name, "resource/actions/v2"), { appNamespace: app.ns }, {
          ...query(app, of),
          action: a.name,
          resourceActionParameters: parameter ? [{ name: parameter, value }] : [],
          windlass: { reason },
        });
        return t.resource.ran(a.displayName ?? a.name, what);
      },
    });
  };
  const items: Item[] = (f.data?.actions ?? []).map((a) => ({
    label: a.displayName ?? a.name,
    icon: "play",
    no: a.disabled ? t.resource.notNow : undefined,
    run: () => run(a),
  }));
  items.push(items.length ? null : { label: t.resource.noActions, no: t.resource.noActions, run: () => {} }, {
    label: t.resource.remove,
    icon: "close",
    danger: true,
    no: can.delete ? undefined : t.no.delete,
    run: () =>
      askReason({
        title: t.resource.removeTitle(what),
        text: t.resource.removeText,
        confirm: t.resource.remove,
        danger: true,
        type: of.name,
        run: async (reason) => {
          await change("DELETE", appPath(app.name, "resource"), { ...query(app, of), reason });
          return t.resource.removed(what);
        },
      }),
  });
  return (
    <>
      <div class="line">
        <Button small icon="render" expanded={open} onClick={() => setOpen(!open)}>
          {t.resource.live}
        </Button>
        <Menu label={t.resource.actions} icon="play" cls="btn btn-plain btn-s" align="start" items={items}>
          <span>{t.resource.actions}</span>
        </Menu>
      </div>
      {webLinks(links.data?.items).map((l) => (
        <WebLink key={l.url} {...l} />
      ))}
      {open && <Manifest app={app} of={of} />}
    </>
  );
}
