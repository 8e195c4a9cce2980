// May I? Asked of the server, by its policy; answers are kept while the page is there.
import { useFetch } from "./live";

/** `undefined` until it is known. */
export function useMay(resource: string, action: string, object: string): boolean | undefined {
  const path = object ? `account/can-i/${resource}/${encodeURIComponent(action)}/${object.split("/").map(encodeURIComponent).join("/")}` : null;
  const f = useFetch<{ value: string }>(path);
  return f.data && f.data.value === "yes";
}
