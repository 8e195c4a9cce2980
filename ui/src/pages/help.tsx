// The keys that work now, and the query language.
import { bindings } from "../lib/keys";
import { appColumns } from "../lib/query";
import { singleKeys } from "../lib/session";
import { t } from "../strings";

export default function Help() {
  const global = bindings();
  return (
    <div class="page narrow stack-lg">
      <header class="page-head">
        <h1>{t.nav.keys}</h1>
        {!singleKeys.value && <span class="sub">{t.help.off}</span>}
      </header>
      <div class="help">
        {[
          { title: t.help.everywhere, keys: global.map((b) => [b.key, b.what] as const) },
          { title: t.help.list, keys: t.help.listKeys },
          { title: t.help.app, keys: t.help.appKeys },
          { title: t.help.tree, keys: t.help.treeKeys },
        ].map((g) => (
          <section key={g.title} class="panel">
            <h2>{g.title}</h2>
            <dl class="keys">
              {g.keys.map(([k, what]) => (
                <div key={k + what}>
                  <dt>
                    {k.split(" ").map((x) => (
                      <kbd key={x}>{x.replace("Ctrl+k", "Ctrl K")}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section class="panel help-query">
          <h2>{t.help.query}</h2>
          <p class="muted">{t.help.queryText}</p>
          <dl class="keys">
            {t.help.examples.map(([q, what]) => (
              <div key={q}>
                <dt>
                  <a class="link mono" href={`/apps?q=${encodeURIComponent(q)}`}>
                    {q}
                  </a>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <p class="muted">
            {t.help.columns} <span class="mono">{Object.keys(appColumns).join(", ")}</span>
          </p>
        </section>
      </div>
    </div>
  );
}
