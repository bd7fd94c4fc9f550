/** The times of the agreement, in ms. Why these numbers: docs/design/agreement.md. */

/** An isolate's lease on its view, counted from sending the sync that was answered. */
export const LEASE_MS = 5_000;

/** The longest a hub holds a sync. 2 x (hold + trip) <= lease: one lost answer does not cost the lease. */
export const HOLD_MS = 2_000;

/** A hub grants leases for this long after sending a contact that the ControlPlane answered. */
export const CONTACT_LEASE_MS = 30_000;

/** How often a hub with lease holders contacts the ControlPlane. */
export const CONTACT_EVERY_MS = 10_000;

/** How often one does that has more isolates than its share: it waits for the word to share them. */
export const CONTACT_CROWDED_MS = 1_000;

/** Changes that come within this time of each other are released together. */
export const COALESCE_MS = 25;

/** How far apart urgent reports are at least. */
export const URGENT_MS = 100;

/** The longest a cold isolate waits for its first sync, once. */
export const FIRST_SYNC_MS = 300;

/** The tick of the clocks by which leases granted to others are judged to be over. */
export const TICK_MS = 250;

/** How far ahead a hub writes down that leases may be out: one row a minute. */
export const LEASES_END_STEP_MS = 60_000;

/** How long a hub waits for the ControlPlane's answer. */
export const CONTACT_TIMEOUT_MS = 2_000;

/**
 * How long a hub stays registered after the last call of an isolate. The lease which that call got (5 s and a tick) runs out
 * later, so the hub leaves with its last lease. Its clock runs meanwhile and is billed: a minute would keep the hubs of a
 * site with a request a minute awake for good.
 */
export const LEAVE_AFTER_MS = 5_000;

/** How long a hub leaves a ControlPlane alone that did not answer. */
export const CONTACT_RETRY_MS = 1_000;

/** How long a sync waits for its hub's first contact before it is answered without a lease. */
export const FIRST_CONTACT_MS = 200;
