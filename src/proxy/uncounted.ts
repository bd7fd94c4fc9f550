/** The gateway as Fairlead's own requests go through it: as a client's, but that no limit counts them or turns them away. */
import type { Gateway } from "./gateway.ts";
import type { Limits } from "./limit.ts";
import type { Plan, ServicePlan } from "./plan.ts";

const UNCOUNTED: Limits = { admit: () => ({ refusal: null, dress: (response) => response }) };

/** @param gateway the clients': plans, views, caches and budgets stay shared with it, and follow it */
export function uncounted(gateway: Gateway): Gateway {
  let known: { readonly of: Plan; readonly plan: Plan } | null = null;
  return {
    ...gateway,
    get plan() {
      const { plan } = gateway;
      if (known?.of !== plan) known = { of: plan, plan: withoutLimits(plan) };
      return known.plan;
    },
  };
}

function withoutLimits(plan: Plan): Plan {
  const services = new Map<string, ServicePlan>();
  // What lets nobody in lets nobody in: it could not be served.
  for (const [name, service] of plan.services)
    services.set(name, service.isRefused ? service : { ...service, limits: UNCOUNTED });
  return {
    ...plan,
    services,
    route(host, path) {
      const service = plan.route(host, path);
      return service === null ? null : (services.get(service.name) ?? null);
    },
  };
}
