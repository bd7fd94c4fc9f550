// In the place of what hono brings in for forms, cookies and mounted apps: no route of the control plane takes or is one. 1 KB gzipped.
const notBundled = (what) => () => {
  throw new Error(`${what} are not bundled with the Worker`);
};
export const bufferToFormData = notBundled("Forms");
export const parseBody = notBundled("Forms");
export const getCookie = notBundled("Cookies");
export const createMountedRequest = notBundled("Mounted apps");
