/** What a breaker and a ramp go by where nobody says otherwise; apart from their schemas, so that hubs and breakers do not load them. */

export const BREAKER_DEFAULTS = {
  enabled: true,
  consecutiveFailures: 5,
  failureRatio: 0.5,
  windowSeconds: 10,
  minimumRequests: 20,
  openSeconds: 30,
  maxOpenSeconds: 300,
  trialPermits: 3,
  successThreshold: 2,
  failures: { statuses: [502, 503, 504, "52x", 530], timeouts: true, resets: true },
};

export const RAMP_DEFAULTS = { stepSeconds: 10, successRatio: 0.8 };
