/** The regions Fairlead knows: Cloudflare's Durable Object location hints, and where on the globe each one lies. */

/** Location hints of Cloudflare Durable Objects (developers.cloudflare.com/durable-objects/reference/data-location). */
export const REGIONS = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;

export type Region = (typeof REGIONS)[number];

/** Latitude and longitude in degrees, north and east positive. */
export type Location = readonly [latitude: number, longitude: number];

/** A representative data centre of each region; distances to a region are distances to this place. */
export const REGION_LOCATIONS: Readonly<Record<Region, Location>> = {
  wnam: [37.37, -121.92], // San Jose
  enam: [39.04, -77.49], // Ashburn
  sam: [-23.43, -46.47], // São Paulo
  weur: [50.04, 8.57], // Frankfurt
  eeur: [52.17, 20.97], // Warsaw
  apac: [35.55, 139.78], // Tokyo
  "apac-ne": [37.47, 126.45], // Seoul
  "apac-se": [1.36, 103.99], // Singapore
  oc: [-33.95, 151.18], // Sydney
  afr: [-26.13, 28.23], // Johannesburg
  me: [25.25, 55.36], // Dubai
};
