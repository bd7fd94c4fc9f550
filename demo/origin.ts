/** What an origin of the demo is to those who steer it, whether it runs in this process or in one of its own. */
import type { Region } from "../src/config/region.ts";
import type { Behaviour } from "./behaviour.ts";

export interface OriginSpec {
  /** What the control server calls it: `us-east`. */
  readonly name: string;
  /** Its id in the configuration: `use1`. */
  readonly id: string;
  readonly region: Region;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Whether it sleeps the round trip to the region in `Fairlead-Region`. */
  readonly roundTrips: boolean;
}

/** Counted since the start. */
export interface OriginCounts {
  /** Requests whose head arrived, WebSocket handshakes included. */
  readonly received: number;
  /** Those of them that met a mode other than `ok`. */
  readonly affected: number;
}

export interface Origin {
  readonly spec: OriginSpec;
  /** `http://127.0.0.1:9101` */
  readonly url: string;
  behaviour(): Behaviour;
  /** Resolves when the new behaviour is in force: after `down` nobody listens any more, after any other somebody does. */
  behave(behaviour: Behaviour): Promise<void>;
  counts(): Promise<OriginCounts>;
  stop(): Promise<void>;
}

/** The host that the demo's service answers. */
export const DEMO_HOST = "demo.localhost";

/** The demo's four origins on neighbouring ports, in the order of fairlead.config.ts. */
export function demoOrigins(firstPort: number): OriginSpec[] {
  const places = [
    { name: "us-east", id: "use1", region: "enam" },
    { name: "us-west", id: "usw1", region: "wnam" },
    { name: "eu-west", id: "euw1", region: "weur" },
    { name: "apac", id: "apac1", region: "apac" },
  ] as const;
  return places.map((place, index) => ({ ...place, port: firstPort + index, roundTrips: true }));
}
