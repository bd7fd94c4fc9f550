/**
 * `geo`: pools from the list of the request's data centre, country, region or continent, in that list's order.
 *
 * The most telling list that exists is used: data centre, then country, region, continent, default. After it come the
 * default list, then every other pool by priority: a preference, not a fence. A rule with `pools` is a fence.
 */
import type { SteeringConfig } from "../config/steering.ts";
import type { Place } from "./place.ts";
import type { Member, Picker, Policy } from "./policy.ts";

export const geo: Policy = { name: "geo", levels: ["pools"], prepare };

interface Preference {
  /** Where the list came from, for an operator: `country DE`. */
  readonly source: string;
  /** Every member's index, most preferred first. */
  readonly order: readonly number[];
}

function prepare(members: readonly Member[], { geo }: Pick<SteeringConfig, "geo">): Picker {
  const byPriority = members.map((_, index) => index).toSorted((a, b) => members[a]!.priority - members[b]!.priority);
  const indexOf = new Map(members.map((member, index) => [member.id, index]));

  function preference(source: string, list: readonly string[]): Preference {
    const named = [...list, ...geo.default].flatMap((id) => indexOf.get(id) ?? []);
    return { source, order: [...new Set([...named, ...byPriority])] };
  }
  function preferences(kind: string, lists: Readonly<Partial<Record<string, readonly string[]>>>) {
    return new Map(Object.entries(lists).map(([code, list]) => [code, preference(`${kind} ${code}`, list ?? [])]));
  }
  const colos = preferences("data centre", geo.colos);
  const countries = preferences("country", geo.countries);
  const regions = preferences("region", geo.regions);
  const continents = preferences("continent", geo.continents);
  const otherwise = preference("default", []);

  const preferenceOf = (place: Place): Preference =>
    colos.get(place.colo) ??
    countries.get(place.country) ??
    regions.get(place.region) ??
    continents.get(place.continent) ??
    otherwise;

  return {
    pick(eligible, request) {
      for (const index of preferenceOf(request.place).order) if (eligible[index] === 1) return index;
      return -1;
    },
    score: (index, request) => preferenceOf(request.place).order.indexOf(index),
    reason: (index, request) => {
      const { source, order } = preferenceOf(request.place);
      return `number ${order.indexOf(index) + 1} for ${source}`;
    },
  };
}
