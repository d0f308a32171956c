/*
 * A payment's name on this rail: the transaction and the output. One transaction pays many, and a receipt is for one of them.
 * Called by everything in this folder.
 */
export const BITCOIN = 'bitcoin';

export function paymentOf(txid: string, output: number): string {
  return `${txid}:${output}`;
}

export function parsePayment(text: string): { readonly txid: string; readonly output: number } | null {
  const match = /^([0-9a-f]{64}):(0|[1-9][0-9]{0,5})$/.exec(text);
  return match?.[1] !== undefined && match[2] !== undefined ? { txid: match[1], output: Number(match[2]) } : null;
}
