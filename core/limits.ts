/*
 * Every bound on what comes from outside, with its reason. Read by the schemas of core/wire, by host/http and by the roles.
 */

/** Money and byte totals stay below a signed 64-bit integer, the widest that SQLite and PostgreSQL store exactly. */
export const UNITS_MAX = 2n ** 63n - 1n;
/** A body between machines; the largest sealed size. */
export const BODY_BYTES_MAX = 65_536;
/** Directory documents: 10 000 relays at about 400 bytes each. */
export const CONSENSUS_BYTES_MAX = 8 * 1024 * 1024;
/** Circuits named by one delivery; the rest go with the next. At 140 characters each without an order they fit a sealed body. */
export const DELIVERY_CIRCUITS_MAX = 450;
/** A subscriber's order to one hop: 192 bytes, of which a sealed box needs 48, in base64. */
export const ORDER_CHARS_MAX = 256;
/** Link circuit ids are 32 bits (tor-spec, circuit id). */
export const CIRCUIT_ID_MAX = 0xffff_ffff;
/** Longer circuits than Tor builds are refused (tor: at most eight EXTENDs). */
export const HOPS_MAX = 9;
/** Relays of one directory; twice today's Tor. */
export const RELAYS_MAX = 20_000;
/** New ones in the time between two consensuses: each is probed, and its descriptor stays in the public log for good. */
export const RELAYS_NEW_MAX = 1_000;
/** Descriptors in one answer. */
export const DESCRIPTORS_PER_CALL = 40;
/** Key sets in a descriptor: the running one, the next, and those whose appeal windows are open. */
export const KEY_SETS_MAX = 4;
export const FAMILY_MAX = 200;
export const RAILS_MAX = 8;
export const AUTHORITIES_MAX = 32;
/** Outputs of one ledger transfer. */
export const TRANSFER_OUTPUTS_MAX = 500;
/** A signed transfer of that many outputs at about 150 bytes each, and its answer at about 370 bytes an entry. */
export const TRANSFER_BYTES_MAX = 131_072;
export const TRANSFER_ANSWER_BYTES_MAX = 262_144;
/** Of a rail's proof: a Bitcoin transaction of 500 outputs in base64, its branch and headers. An appeal with it fits a sealed body. */
export const PAYMENT_PROOF_CHARS_MAX = 45_056;
/** Without witnesses: 500 outputs of 43 bytes and 150 inputs of 41. No larger one is paid with, since nobody could prove it. */
export const BITCOIN_TRANSACTION_BYTES_MAX = 28_000;
/** What a signer gives back of one: in base64 or hex, with signatures and, from some, each transaction whose output it spends. */
export const SIGNED_CHARS_MAX = 4 * 1024 * 1024;
/** Headers in a proof: six hours of blocks. */
export const BITCOIN_CONFIRMATIONS_MAX = 36;
/** Deposits that an account names; older ones are in its total. */
export const ACCOUNT_DEPOSITS_MAX = 100;
export const URL_CHARS_MAX = 300;
/** Rows a page of a closed book or of a ledger history. */
export const PAGE_ROWS_MAX = 100;
/** Text of one page of a directory's log: a probe of 10 000 relays at 67 bytes each fits one. */
export const LOG_PAGE_BYTES_MAX = 2 * 1024 * 1024;
/** Letters that wait for one relay: nobody has more counterparts silent at once. */
export const LETTERS_MAX = 200;
/** Of them from one relay: there is one a pair and interval, and no more intervals have open windows at once. */
export const LETTERS_OF_SENDER_MAX = 4;
/** Letters of one relay that wait for all others together: no settlement has more silent debtors. */
export const LETTERS_SENT_MAX = 2_000;
/** A sealed body of 64 KiB in base64, and its head. */
export const LETTER_CHARS_MAX = 90_000;
/** Letters of one answer together. */
export const LETTERS_BYTES_MAX = 1024 * 1024;
/** Tallies in a guard's answer: a balance lasts for no more intervals, or the newest account would say so. */
export const COMPLAINT_TALLIES_MAX = 16;
/** Withdrawals in a guard's answer: each with its request and the rail's proof, so that they fit a body. */
export const COMPLAINT_WITHDRAWALS_MAX = 16;
/** Answers in one case: a few that lower what is due, and one that ends it. */
export const APPEALS_MAX = 8;
/** A contest, answers and two descriptors at their largest. */
export const VERDICT_BYTES_MAX = 1024 * 1024;
/** Void pairs in a consensus; with RELAYS_MAX relays they fit into CONSENSUS_BYTES_MAX. The docket takes no contest beyond. */
export const NULLIFIED_MAX = 10_000;
/** Contests of one relay whose windows are open, whatever became of them: no hundred relays fill the docket. */
export const CONTESTS_OF_RELAY_MAX = 100;
/** Undecided complaints of one subscriber about one guard: who is not paid needs one for each deposit and each withdrawal. */
export const COMPLAINTS_OF_SUBSCRIBER_MAX = 8;
/** Undecided complaints about one guard, which ends each by an answer; and in all, some tens of kilobytes each. */
export const COMPLAINTS_OF_GUARD_MAX = 200;
export const COMPLAINTS_MAX = 10_000;
/** Cases of which only a notice has told that one look at the docket asks for: anybody sends notices. */
export const NOTICED_PER_LOOK_MAX = 16;
/** Cases that notices have told of and that wait for a look: more are not kept, since each consensus names them. */
export const NOTICES_MAX = 1_000;
/** Cases, or changes, in one answer of the docket. */
export const DOCKET_PAGE_MAX = 100;
