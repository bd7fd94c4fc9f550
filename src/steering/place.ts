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

/** What carries the edge's facts: a request. Its `cf` is parsed when it is first read, and long: few requests need it. */
export interface FromEdge {
  readonly cf?: unknown;
}

/**
 * Places a request.
 *
 * @param ray its `CF-Ray` field: Cloudflare's name for it, which ends in the data centre that it came in by
 */
export type Placer = (from: FromEdge, ray?: string | null) => Place;

/**
 * Makes the function that places requests for a deployment. A data centre belongs to one region for the life of the
 * isolate, decided by the first request that says enough, so that one isolate does not talk to several hubs.
 *
 * @param regions where hubs run; the first stands in when nothing is known about a request
 */
export function makePlacer(regions: readonly Region[]): Placer {
  const homes = regions.map((region) => ({ region, vector: REGION_VECTORS[region] }));
  const byColo = new Map<string, Region>();
  /** The same for data centres that a request's `CF-Ray` and its facts agreed on: of these the ray alone tells the region. */
  const byRay = new Map<string, Region>();
  const positions = new Map<string, UnitVector | null>();

  const nearestRegion = (vector: UnitVector): Region => {
    let best = homes[0]!;
    for (const home of homes) if (nearness(home.vector, vector) > nearness(best.vector, vector)) best = home;
    return best.region;
  };

  const positionFrom = ({ latitude, longitude }: EdgeFacts): UnitVector | null => {
    if (latitude === undefined || longitude === undefined) return null;
    const key = `${latitude},${longitude}`;
    let position = positions.get(key);
    if (position !== undefined) return position;
    if (positions.size >= REMEMBERED_POSITIONS) positions.clear();
    positions.set(key, (position = positionOf(latitude, longitude)));
    return position;
  };

  const vectorFrom = (facts: EdgeFacts): UnitVector =>
    positionFrom(facts) ?? REGION_VECTORS[CONTINENT_REGIONS[facts.continent ?? ""] ?? regions[0]!];

  return (from, ray = null) => {
    const rayColo = ray === null ? "" : ray.slice(ray.lastIndexOf("-") + 1);
    const known = byRay.get(rayColo);
    if (known !== undefined) return new PlaceOfRequest(known, from, vectorFrom);
    const facts = factsOf(from);
    const colo = facts.colo ?? "";
    let region = byColo.get(colo);
    if (region === undefined) {
      region = nearestRegion(vectorFrom(facts));
      if (colo !== "" && positionFrom(facts) !== null) byColo.set(colo, region);
    }
    if (rayColo === colo && byColo.has(colo)) byRay.set(colo, region);
    return new PlaceOfRequest(region, from, vectorFrom);
  };
}

/** A request's place, of which all but the region is looked up when it is asked for. */
class PlaceOfRequest implements Place {
  readonly region: Region;
  readonly #from: FromEdge;
  readonly #vectorFrom: (facts: EdgeFacts) => UnitVector;
  #facts: EdgeFacts | null = null;
  #vector: UnitVector | null = null;

  constructor(region: Region, from: FromEdge, vectorFrom: (facts: EdgeFacts) => UnitVector) {
    this.region = region;
    this.#from = from;
    this.#vectorFrom = vectorFrom;
  }

  get colo(): string {
    return this.#read().colo ?? "";
  }

  get country(): string {
    return this.#read().country ?? "";
  }

  get continent(): string {
    return this.#read().continent ?? "";
  }

  get vector(): UnitVector {
    return (this.#vector ??= this.#vectorFrom(this.#read()));
  }

  #read(): EdgeFacts {
    return (this.#facts ??= factsOf(this.#from));
  }
}

const NOTHING: EdgeFacts = {};

function factsOf({ cf }: FromEdge): EdgeFacts {
  return (cf as EdgeFacts | null | undefined) ?? NOTHING;
}

function positionOf(latitudeText: string, longitudeText: string): UnitVector | null {
  const latitude = Number.parseFloat(latitudeText);
  const longitude = Number.parseFloat(longitudeText);
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) return null;
  return unitVector([latitude, longitude]);
}
