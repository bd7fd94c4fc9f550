/** How long a round trip between two regions takes in the real world, so that one machine can play a planet. */
import { REGIONS, type Region } from "../src/config/region.ts";

/**
 * Round trips in ms between the regions' representative data centres, each row against the regions before it in `REGIONS`.
 * Typical of the inter-region figures that cloud providers publish for these cities (for example
 * learn.microsoft.com/azure/networking/azure-network-latency), rounded to 5 ms: good enough to steer by, no measurement of
 * anybody's network. A test holds each against the speed of light in fibre.
 */
const ROUND_TRIPS_MS: Readonly<Record<Region, readonly number[]>> = {
  wnam: [],
  enam: [65],
  sam: [175, 115],
  weur: [145, 90, 200],
  eeur: [165, 110, 220, 20],
  apac: [105, 160, 270, 230, 245],
  "apac-ne": [130, 180, 290, 235, 250, 35],
  "apac-se": [170, 225, 325, 160, 180, 70, 75],
  oc: [140, 200, 310, 270, 290, 110, 140, 95],
  afr: [290, 230, 335, 165, 185, 300, 300, 230, 300],
  me: [240, 190, 300, 115, 130, 165, 170, 95, 185, 130],
};

/** Between two places of one region. */
const WITHIN_REGION_MS = 5;

/** The round trip between two regions, in ms; the same in both directions. */
export function roundTripMs(from: Region, to: Region): number {
  if (from === to) return WITHIN_REGION_MS;
  const [first, second] = [REGIONS.indexOf(from), REGIONS.indexOf(to)].toSorted((a, b) => a - b) as [number, number];
  return ROUND_TRIPS_MS[REGIONS[second]!][first]!;
}

/** Whether `text` names a region. */
export function isRegion(text: unknown): text is Region {
  return (REGIONS as readonly unknown[]).includes(text);
}
