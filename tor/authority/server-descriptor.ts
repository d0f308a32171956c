/*
 * A relay's own descriptor (dir-spec 2.1.1), as its tor signed it and ours checked it: text in; what binds it to a payment key out. Pure.
 * Called by directory-tor.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { readItems, refuseItem, refuseLine } from '../consensus/document.ts';
import { countItems } from '../consensus/section.ts';
import { readContact, type Contact } from './contact.ts';

export interface ServerDescriptor extends Contact {
  /** 40 digits of lower-case hex. */
  readonly fingerprint: string;
  /** Fingerprints, lower-case hex, that its family line names. What one side says alone counts for nothing. */
  readonly family: readonly string[];
}

/** Tor takes none above 20 000 bytes (MAX_DESCRIPTOR_UPLOAD_SIZE). */
export const SERVER_DESCRIPTOR_CHARS_MAX = 20_000;
/** Of a family line, as many as our own descriptors name; the rest are passed over. */
const FAMILY_READ_MAX = 200;

export const serverDescriptorRefusals = {
  'tor-descriptor': {
    retry: false,
    text: 'a relay’s Tor descriptor is malformed',
    remedy: 'see that tor on the relay is a stock one, and publishes',
  },
} as const;
const refuse = refuser(serverDescriptorRefusals);

const counts = { router: 'once', fingerprint: 'once', contact: 'at most once', family: 'at most once' } as const;

export function readServerDescriptor(text: string): Result<ServerDescriptor> {
  if (text.length > SERVER_DESCRIPTOR_CHARS_MAX) return refuse('tor-descriptor', `${text.length} characters`);
  const items = readItems(text);
  if (!items.ok) return items;
  const counted = countItems('tor-relay', items.value, counts, 0);
  if (!counted.ok) return counted;
  const [first] = items.value;
  if (first?.keyword !== 'router')
    return refuseLine('tor-relay', 1, '"router", which opens a descriptor', first?.keyword ?? null);
  const said = counted.value.get('fingerprint');
  const fingerprint = said?.rest.replaceAll(' ', '').toLowerCase() ?? '';
  if (said !== undefined && !/^[0-9a-f]{40}$/.test(fingerprint))
    return refuseItem('tor-relay', said, 'a fingerprint of 40 digits');
  const relatives = (counted.value.get('family')?.rest ?? '').split(' ').flatMap((word) => {
    const named = /^\$([0-9A-Fa-f]{40})(?:[=~][A-Za-z0-9]{1,19})?$/.exec(word)?.[1];
    return named === undefined ? [] : [named.toLowerCase()];
  });
  const contact = readContact(counted.value.get('contact')?.rest ?? '');
  return ok({ fingerprint, family: [...new Set(relatives)].slice(0, FAMILY_READ_MAX), ...contact });
}
