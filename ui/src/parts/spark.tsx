// Small columns of the last hours; the title tells the sum in words.
export function Spark({ values, tone, label }: { values: number[]; tone: string; label: string }) {
  const max = Math.max(1, ...values);
  const w = 7;
  const h = 28;
  return (
    <svg class={`spark tone-${tone}`} viewBox={`0 0 ${values.length * w} ${h}`} role="img" aria-label={label} preserveAspectRatio="none">
      {values.map((v, i) => {
        const tall = v ? Math.max(2.5, (v / max) * (h - 1)) : 1;
        return <rect key={i} x={i * w + 1} y={h - tall} width={w - 2} height={tall} rx={1} class={v ? "" : "zero"} fill="currentColor" />;
      })}
    </svg>
  );
}
