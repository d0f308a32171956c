/*
 * What specs of this rail read of an answer: its refusal's code, or null.
 */
import type { Result } from '../../../core/refusal.ts';

export function codeOf(answer: Result<unknown>): string | null {
  return answer.ok ? null : answer.refusal.code;
}
