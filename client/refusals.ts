/*
 * Everything that the client refuses: its user's commands, and what a guard gave it. Of each object in the order of the checks.
 */
export const clientRefusals = {
  'client-no-consensus': { retry: true, text: 'no consensus is known yet', remedy: 'wait a moment, or check network.json' },
  'client-guard-unknown': { retry: false, text: 'no guard of that name is in the consensus', remedy: 'choose one: ptg guards' },
  'client-guard-flag': {
    retry: false,
    text: 'the relay does not have the Guard flag',
    remedy: 'choose one that has: ptg guards',
  },
  'client-no-account': {
    retry: false,
    text: 'there is no account at that guard',
    remedy: 'subscribe first: ptg subscribe GUARD',
  },
  'client-rail': {
    retry: false,
    text: 'no rail suits both this client and the guard',
    remedy: 'name one of the guard’s: ptg guards',
  },
  'client-destination': {
    retry: false,
    text: 'that is no destination of the account’s rail',
    remedy: 'check it, character by character',
  },
  'client-no-wallet': {
    retry: false,
    text: 'this client has no wallet on the account’s rail',
    remedy: 'name a destination of your own',
  },

  'client-no-claim': {
    retry: false,
    text: 'this client knows of no such deposit or withdrawal that a guard still has to honour',
    remedy: 'see what there is: ptg complain',
  },
  'client-not-filed': {
    retry: true,
    text: 'no authority has answered yet',
    remedy: 'it is written down, and sent again by: ptg complain list',
  },

  'account-signature': {
    retry: false,
    text: 'the guard’s key has not signed the account',
    remedy: 'keep what it sent, and use another guard',
  },
  'account-subject': {
    retry: false,
    text: 'the account names another guard, subscriber or rail',
    remedy: 'keep it, and use another guard',
  },
  'account-destination': {
    retry: false,
    text: 'the account’s destination is none of its rail',
    remedy: 'do not deposit; use another guard',
  },
  'account-sum': { retry: false, text: 'the account does not add up', remedy: 'keep it, and use another guard' },
  'account-old': {
    retry: false,
    text: 'the account is older than one the guard has signed before',
    remedy: 'ask again; keep both',
  },

  'tally-guard-signature': { retry: false, text: 'the guard’s key has not signed the tally', remedy: 'keep what it sent' },
  'tally-subject': { retry: false, text: 'the tally is of another guard, subscriber, interval or terms', remedy: 'keep it' },
  'tally-amount': {
    retry: false,
    text: 'the tally’s amount does not follow from its bytes',
    remedy: 'keep it; it was not signed',
  },
  'tally-fell': {
    retry: false,
    text: 'the tally is below one that both have signed',
    remedy: 'none needed: the signed one is sent again',
  },
  'tally-overcharge': {
    retry: false,
    text: 'the guard counts more than this client used',
    remedy: 'it was not signed; if it stays, withdraw and use another guard',
  },

  'bill-wrong': { retry: false, text: 'the bill is not what the guard’s key and this client’s tally say', remedy: 'keep it' },

  'backup-shape': {
    retry: false,
    text: 'this is not the backup of an account',
    remedy: 'give the file that ptg account backup wrote',
  },
  'backup-passphrase': {
    retry: false,
    text: 'the passphrase does not open the backup, or it was changed',
    remedy: 'try another passphrase',
  },
  'backup-network': {
    retry: false,
    text: 'the backup is of another network',
    remedy: 'use it with that network’s network.json',
  },
  'backup-other-key': {
    retry: false,
    text: 'the backup is of another account than this client’s',
    remedy: 'restore its key first',
  },
} as const;
