/** Where on the globe a client of the demo sits, told to the local Worker as Cloudflare would tell it. */

export interface Place {
  readonly city: string;
  /** IATA code of the Cloudflare data centre. */
  readonly colo: string;
  readonly continent: string;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
}

export const PLACES = {
  newYork: { city: "New York", colo: "EWR", continent: "NA", country: "US", latitude: 40.71, longitude: -74.01 },
  sanFrancisco: {
    city: "San Francisco",
    colo: "SFO",
    continent: "NA",
    country: "US",
    latitude: 37.77,
    longitude: -122.42,
  },
  frankfurt: { city: "Frankfurt", colo: "FRA", continent: "EU", country: "DE", latitude: 50.11, longitude: 8.68 },
  tokyo: { city: "Tokyo", colo: "NRT", continent: "AS", country: "JP", latitude: 35.68, longitude: 139.69 },
} as const satisfies Record<string, Place>;

/** The value of `MF-CF-Blob`, from which the local runtime makes `request.cf`. Cloudflare gives positions as text. */
export function cfBlob({ colo, continent, country, latitude, longitude }: Place): string {
  return JSON.stringify({
    colo,
    continent,
    country,
    latitude: String(latitude),
    longitude: String(longitude),
    clientAcceptEncoding: "",
  });
}
