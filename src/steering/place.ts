/** Where a request came from: its nearest hub region and its position on the globe, from what the edge says of it. */
import { REGION_LOCATIONS, REGIONS, type Location, type Region } from "../config/region.ts";

/** A position as a unit vector, so that comparing distances needs no trigonometry. */
export type UnitVector = readonly [x: number, y: number, z: number];

/** What the edge tells about a request (the fields of `request.cf` that matter here; all may be missing). */
export interface EdgeFacts {
  readonly colo?: string | undefined;
  readonly continent?: string | undefined;
  readonly country?: string | undefined;
  /** Degrees, as text. */
  readonly latitude?: string | undefined;
  readonly longitude?: string | undefined;
}

export interface Place {
  /** The hub region this request belongs to: one of the deployment's `regions`. */
  readonly region: Region;
  /** IATA code of the data centre, or "" where unknown. */
  readonly colo: string;
  readonly country: string;
  readonly continent: string;
  readonly vector: UnitVector;
}

const EARTH_RADIUS_KM = 6371;

/** Where a continent's traffic lies when nothing finer is known (Cloudflare's continent codes). */
const CONTINENT_REGIONS: Readonly<Record<string, Region>> = {
  NA: "enam",
  SA: "sam",
  EU: "weur",
  AS: "apac",
  OC: "oc",
  AF: "afr",
  AN: "oc",
};

/** Positions remembered by an isolate, so that a client's is not worked out for each of its requests. */
const REMEMBERED_POSITIONS = 1024;

const DEGREE = Math.PI / 180;

/** Turns latitude and longitude in degrees into a unit vector. */
export function unitVector([latitude, longitude]: Location): UnitVector {
  const phi = latitude * DEGREE;
  const lambda = longitude * DEGREE;
  const ring = Math.cos(phi);
  return [ring * Math.cos(lambda), ring * Math.sin(lambda), Math.sin(phi)];
}

/** Cosine of the angle between two places: larger is nearer. Orders places as great-circle distance does. */
export function nearness(a: UnitVector, b: UnitVector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Great-circle distance in km. */
export function distanceKm(a: UnitVector, b: UnitVector): number {
  return EARTH_RADIUS_KM * Math.acos(Math.min(1, Math.max(-1, nearness(a, b))));
}

const REGION_VECTORS = Object.fromEntries(
  REGIONS.map((region) => [region, unitVector(REGION_LOCATIONS[region])]),
) as Record<Region, UnitVector>;

/**
 * Makes the function that places requests for a deployment. A data centre belongs to one region for the life of the
 * isolate, decided by the first request that says enough, so that one isolate does not talk to several hubs.
 *
 * @param regions where hubs run; the first stands in when nothing is known about a request
 */
export function makePlacer(regions: readonly Region[]): (facts: EdgeFacts | undefined) => Place {
  const homes = regions.map((region) => ({ region, vector: REGION_VECTORS[region] }));
  const byColo = new Map<string, Region>();
  const positions = new Map<string, UnitVector | null>();

  const nearestRegion = (vector: UnitVector): Region => {
    let best = homes[0]!;
    for (const home of homes) if (nearness(home.vector, vector) > nearness(best.vector, vector)) best = home;
    return best.region;
  };

  const rememberedPosition = (latitude: string, longitude: string): UnitVector | null => {
    const key = `${latitude},${longitude}`;
    let position = positions.get(key);
    if (position !== undefined) return position;
    if (positions.size >= REMEMBERED_POSITIONS) positions.clear();
    positions.set(key, (position = positionOf(latitude, longitude)));
    return position;
  };

  return (facts) => {
    const continent = facts?.continent ?? "";
    const colo = facts?.colo ?? "";
    const position =
      facts?.latitude === undefined || facts.longitude === undefined
        ? null
        : rememberedPosition(facts.latitude, facts.longitude);
    const vector = position ?? REGION_VECTORS[CONTINENT_REGIONS[continent] ?? regions[0]!];
    let region = byColo.get(colo);
    if (region === undefined) {
      region = nearestRegion(vector);
      if (colo !== "" && position !== null) byColo.set(colo, region);
    }
    return { region, colo, country: facts?.country ?? "", continent, vector };
  };
}

function positionOf(latitudeText: string, longitudeText: string): UnitVector | null {
  const latitude = Number.parseFloat(latitudeText);
  const longitude = Number.parseFloat(longitudeText);
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) return null;
  return unitVector([latitude, longitude]);
}
