// The roles of a project, with the tokens that act in their name. A token is shown once.
import { Button, Since } from "../../parts/basic";
import { Lines, TextField } from "../../parts/form";
import { askReason } from "../../parts/plan-host";
import { NewToken } from "../../parts/token";
import { change as send } from "../../lib/api";
import { listAt, put, putText, textAt } from "../../lib/edit";
import { t } from "../../strings";
import { tf } from "../../strings/forms";
import type { Json } from "../../wire";

type Props = { before: Json; value: Json; change: (v: Json) => void; isNew: boolean; may: boolean; reload: () => void };

export function RolesForm({ before, value, change, isNew, may, reload }: Props) {
  const roles = listAt(value, ["spec", "roles"]);
  const project = textAt(value, ["metadata", "name"]);
  const saved = new Set(isNew ? [] : listAt(before, ["spec", "roles"]).map((r) => textAt(r, ["name"])));
  const changed = JSON.stringify(before) !== JSON.stringify(value);
  return (
    <section class="panel">
      <h2>{tf.project.roles}</h2>
      {roles.map((r, i) => {
        const name = textAt(r, ["name"]);
        const path = ["spec", "roles", i] as const;
        return (
          <fieldset key={i} class="form-item">
            <legend class="sr">
              {tf.project.role} {name || i + 1}
            </legend>
            <div class="line">
              <div class="form-two grow">
                <TextField label={tf.project.role} mono required value={name} readOnly={saved.has(name)} onInput={(v) => change(put(value, [...path, "name"], v))} />
                <TextField label={tf.project.description} value={textAt(r, ["description"])} onInput={(v) => change(putText(value, [...path, "description"], v))} />
              </div>
              <Button small kind="ghost" icon="close" label={`${tf.remove} ${tf.project.role} ${name}`} onClick={() => change(put(value, ["spec", "roles", i], undefined))} />
            </div>
            <Lines label={tf.project.policies} hint={tf.project.policyHint(project, name)} value={value} path={[...path, "policies"]} change={change} />
            <Lines label={tf.project.groups} hint={tf.project.groupsHint} value={value} path={[...path, "groups"]} change={change} />
            <div class="field">
              <span>{tf.project.tokens}</span>
              <Tokens project={project} role={r} reload={reload} />
              {saved.has(name) && !changed ? (
                may && <NewToken what={tf.project.newTokenOf(name)} path={`projects/${encodeURIComponent(project)}/roles/${encodeURIComponent(name)}/token`} made={() => {}} done={reload} />
              ) : (
                <span class="faint">{tf.project.saveFirst}</span>
              )}
            </div>
          </fieldset>
        );
      })}
      <Button small icon="plus" onClick={() => change(put(value, ["spec", "roles"], [...roles, { name: "", policies: [""] }]))}>
        {tf.project.addRole}
      </Button>
    </section>
  );
}

function Tokens({ project, role, reload }: { project: string; role: Json; reload: () => void }) {
  const tokens = listAt(role, ["jwtTokens"]);
  const name = textAt(role, ["name"]);
  if (!tokens.length) return <span class="faint">{tf.project.noTokens}</span>;
  return (
    <ul>
      {tokens.map((k) => {
        const [iat, id] = [textAt(k, ["iat"]), textAt(k, ["id"])];
        return (
          <li key={iat + id} class="line wrap">
            <span class="mono break">{id || iat}</span>
            <span class="faint">
              <Since at={Number(iat)} ago />
            </span>
            <span class="grow" />
            <Button
              small
              icon="close"
              onClick={() =>
                askReason({
                  title: t.accounts.revokeTitle(name),
                  text: t.accounts.revokeText,
                  confirm: t.accounts.revoke,
                  danger: true,
                  run: async (reason) => {
                    await send("DELETE", `projects/${encodeURIComponent(project)}/roles/${encodeURIComponent(name)}/token/${encodeURIComponent(iat)}`, { id, reason });
                    reload();
                    return t.accounts.revoked;
                  },
                })
              }
            >
              {t.accounts.revoke}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
