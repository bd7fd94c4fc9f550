-- What bench/hot-path/wrk.ts reads: requests, duration, p50 and p99 in microseconds, and every kind of error together.
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("fairlead %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
