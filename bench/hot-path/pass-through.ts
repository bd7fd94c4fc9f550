/** The least a Worker can do in front of an origin: nothing. */
export default {
  fetch(request: Request): Promise<Response> {
    const { url } = request;
    return fetch(`http://origin.test${url.slice(url.indexOf("/", "https://".length))}`, request);
  },
};
