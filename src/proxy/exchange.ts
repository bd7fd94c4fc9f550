/** One client request on its way through: what every step of the request path may need to know of it. */
import type { RegionView } from "../view/region-view.ts";
import type { SteerRequest } from "../steering/policy.ts";
import type { ServiceState } from "../steering/availability.ts";
import type { SessionTurn } from "./affinity.ts";
import type { Attempt } from "./attempt.ts";
import type { RequestFields } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import type { ServicePlan } from "./plan.ts";

/** Steering reads the exchange itself as its request. */
export interface Exchange extends SteerRequest {
  readonly gateway: Gateway;
  readonly request: Request;
  readonly fields: RequestFields;
  readonly context: ExecutionContext;
  readonly service: ServicePlan;
  readonly view: RegionView;
  /** The service as the view has it. */
  readonly state: ServiceState;
  /** The client's, if it sent a valid one. */
  readonly requestId: string;
  /** Lower case, without port and without the dot of an absolute name. */
  readonly host: string;
  readonly scheme: "http" | "https";
  /** Path and query, byte for byte. */
  readonly target: string;
  /** The path as rules compare it. */
  readonly path: string;
  /** ms since the epoch. */
  readonly startedMs: number;
  /** The answer's body will be read here rather than passed on. */
  readonly readsBody: boolean;
  /** null: the service has no sessions, or nobody waits for the answer. */
  readonly session: SessionTurn | null;
  /** What was tried, in order. */
  readonly attempts: Attempt[];
}
