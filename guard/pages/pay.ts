/*
 * Where a subscriber pays, as a page with a QR code for a wallet on a telephone: a rail, a destination and perhaps an amount in; plain HTML
 * out. It draws what its address says and looks nothing up, so that it tells nobody whose a destination is, or whether it is this guard's:
 * it says so, and to compare it with what the guard signed. Mounted by node.
 */
import { encode } from 'uqr';
import { z } from 'zod';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { guardRefusals } from '../../core/wire/guard.ts';
import { destination, railName, units } from '../../core/wire/field.ts';
import { documentOf, markup } from '../../host/http/markup.ts';
import type { Page } from '../../host/ports.ts';
import { BITCOIN } from '../../rail/bitcoin/payment.ts';
import { bitcoinUri } from '../../rail/bitcoin/uri.ts';
import type { RailReader } from '../../rail/rail.ts';

const refuse = refuser(guardRefusals);
const ofPay = z.strictObject({ rail: railName, destination, amount: units.optional() });

export function guardPages(readers: Readonly<Record<string, RailReader>>): readonly Page[] {
  return [
    {
      path: '/guard/pay/:rail/:destination',
      access: 'public',
      input: ofPay,
      render: async (asked: z.infer<typeof ofPay>) => payPage(readers, asked),
    },
  ];
}

/** Of a rail whose destinations a wallet scans. `withdraw-destination` for what is none on it. */
export function payPage(
  readers: Readonly<Record<string, RailReader>>,
  { rail, destination: to, amount }: z.infer<typeof ofPay>,
): Result<string> {
  if (rail !== BITCOIN || readers[rail]?.isDestination(to) !== true) return refuse('withdraw-destination', `${rail} ${to}`);
  const uri = bitcoinUri(to, amount ?? null);
  // Four modules of quiet zone (ISO 18004), so that a reader finds its edge.
  const { data, size } = encode(uri, { border: 4 });
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return ok(
    documentOf(markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pay in Bitcoin</title>
<style>:root { color-scheme: light dark; } body { font: 1rem/1.5 sans-serif; margin: 0 auto; max-width: 40rem; padding: 1rem; overflow-wrap: anywhere; }</style>
</head>
<body>
<main>
<h1>Pay in Bitcoin</h1>
<p><a href="${uri}">${uri}</a></p>
<svg role="img" aria-label="QR code of the address above" viewBox="0 0 ${size} ${size}" width="320" height="320"><path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path fill="#000" d="${path}"/></svg>
<p>This page draws what its own address says. Compare it with what your guard signed: <code>ptg balance</code> shows it.</p>
</main>
</body>
</html>
`),
  );
}
