/** The least a Worker can do in front of an origin: nothing. */
export default {
  fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    return fetch(`http://origin.test${pathname}${search}`, request);
  },
};
