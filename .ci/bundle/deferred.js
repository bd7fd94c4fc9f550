// A schema that is made when it is first needed. It stands for a schema of zod wherever one is asked for something; where one is
// handed to a library that looks at what it is, `settled` puts the schema itself in its place.

/** What schemas are asked for that makes another schema. */
const MAKES_ANOTHER = new Set([
  "array",
  "catch",
  "default",
  "describe",
  "extend",
  "gt",
  "int",
  "max",
  "min",
  "nullable",
  "openapi",
  "optional",
  "positive",
  "prefault",
  "refine",
  "regex",
]);

/** What schemas are asked for once a request is there: not asked now, but named by who will. */
const PARSES = new Set(["parse", "parseAsync", "safeParse", "safeParseAsync"]);

/** How each deferred schema is made. */
const makers = new WeakMap();

/** @param make called once at most */
export function deferred(make) {
  let schema;
  const made = () => (schema ??= make());
  const stand = new Proxy(
    {},
    {
      get(_target, key) {
        if (MAKES_ANOTHER.has(key)) return (...args) => deferred(() => made()[key](...settled(args)));
        if (PARSES.has(key)) return (...args) => made()[key](...args);
        if (key === "meta") return (...args) => metaOf(stand, made, args);
        if (key === "shape") return shapeOf(made);
        const value = made()[key];
        return typeof value === "function" && key !== "constructor" ? value.bind(made()) : value;
      },
      has: (_target, key) => key in made(),
    },
  );
  makers.set(stand, made);
  return stand;
}

/** `about` says nothing in the Worker, and a schema of which nothing is said is the same one. */
function metaOf(stand, made, args) {
  if (args.length === 0) return made().meta();
  return args[0] === undefined ? stand : deferred(() => made().meta(...args));
}

/** The fields of an object's schema, each deferred. */
function shapeOf(made) {
  const shape = new Proxy(
    {},
    {
      get: (_target, key) => deferred(() => made().shape[key]),
      has: (_target, key) => key in made().shape,
      ownKeys: () => Reflect.ownKeys(made().shape),
      getOwnPropertyDescriptor: (_target, key) => ({
        ...Reflect.getOwnPropertyDescriptor(made().shape, key),
        configurable: true,
      }),
    },
  );
  makers.set(shape, () => made().shape);
  return shape;
}

/** The same with schemas in the place of those that stand for them, however deep in lists and plain objects. */
export function settled(value) {
  if (typeof value !== "object" || value === null) return value;
  const make = makers.get(value);
  if (make !== undefined) return make();
  if (Array.isArray(value)) return value.map(settled);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, settled(each)]));
}
